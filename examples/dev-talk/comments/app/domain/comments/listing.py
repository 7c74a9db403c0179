"""The comments of an article, kept in the cache while nobody changes them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.domain.comments.models import Comment
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.base_model import Model
from app.utils.cache import Cache

KEPT_SECONDS = 60.0
# One page shows them all: the contract has no way to ask for more.
MOST_COMMENTS = 1000


class ListedComment(Model):
    """A comment as the cache keeps it."""

    id: int
    author_id: int
    body: str
    created_at: datetime
    updated_at: datetime


def name_comments(article_id: int) -> str:
    """Return what the cache knows the comments of an article by."""
    return f"comments:{article_id}"


async def read_comments(
    begin: UnitOfWorkFactory, cache: Cache, article_id: int
) -> Sequence[ListedComment]:
    """Return the comments of an article, newest first, from the cache for a minute."""

    async def read() -> list[ListedComment]:
        async with begin(read_only=True) as uow:
            return await list_comments(uow, article_id)

    key = name_comments(article_id)
    return await cache.fetch(key, list[ListedComment], read, ttl=KEPT_SECONDS)


async def list_comments(uow: UnitOfWork, article_id: int) -> list[ListedComment]:
    """Return the comments of an article, newest first."""
    comments = select(Comment).filter_by(article_id=article_id)
    ordered = comments.order_by(Comment.created_at.desc(), Comment.id.desc()).limit(MOST_COMMENTS)
    return [ListedComment.model_validate(each) for each in await uow.session.scalars(ordered)]


async def forget_comments(cache: Cache, article_id: int) -> None:
    """Make the cache forget the comments of an article."""
    await cache.delete(name_comments(article_id))
