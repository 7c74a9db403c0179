"""The events of this service: what it tells others, and what it hears."""

from app.domain.contracts.articles import ArticleChanged, ArticleDeleted, ArticlePublished
from app.domain.contracts.comments import CommentChanged, CommentCreated, CommentDeleted
from app.domain.contracts.users import UserChanged, UserFollowed, UserRegistered, UserUnfollowed

__all__ = [
    "ArticleChanged",
    "ArticleDeleted",
    "ArticlePublished",
    "CommentChanged",
    "CommentCreated",
    "CommentDeleted",
    "UserChanged",
    "UserFollowed",
    "UserRegistered",
    "UserUnfollowed",
]
