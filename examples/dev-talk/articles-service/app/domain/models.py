"""The tables of this service."""

from app.domain.articles.models import Article, ArticleCount, ArticleTag, Favorite
from app.domain.people.models import Following, Hearing, Person

__all__ = ["Article", "ArticleCount", "ArticleTag", "Favorite", "Following", "Hearing", "Person"]
