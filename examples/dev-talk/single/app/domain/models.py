"""The tables of this service."""

from app.domain.articles.models import Article, ArticleCount, ArticleTag, Favorite
from app.domain.auth.models import Follow, Role, SigningKey, User
from app.domain.comments.models import Comment, CommentedArticle
from app.domain.people.models import Following, Hearing, Person

__all__ = [
    "Article",
    "ArticleCount",
    "ArticleTag",
    "Comment",
    "CommentedArticle",
    "Favorite",
    "Follow",
    "Following",
    "Hearing",
    "Person",
    "Role",
    "SigningKey",
    "User",
]
