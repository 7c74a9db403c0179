"""The tables of this service."""

from app.domain.comments.models import Comment, CommentedArticle
from app.domain.people.models import Following, Hearing, Person

__all__ = ["Comment", "CommentedArticle", "Following", "Hearing", "Person"]
