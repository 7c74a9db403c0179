"""What everybody asks for, kept in the cache: the popular articles, and the tags.

Popular are the articles that most people like, the newer one first where as many do, twenty at
most; one that nobody likes is not popular. Whoever changes an article or likes one makes the cache
forget: nobody is shown what was before their own change.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.domain.articles.counts import list_tags
from app.domain.articles.models import Article
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.base_model import Model
from app.utils.cache import Cache

POPULAR = "articles:popular"
TAGS = "articles:tags"
KEPT_SECONDS = 60.0
MOST_ARTICLES = 20
MOST_TAGS = 1000


class PopularArticle(Model):
    """An article as the cache keeps it."""

    id: int
    slug: str
    title: str
    description: str
    tags: list[str]
    author_id: int
    favorites_count: int
    created_at: datetime
    updated_at: datetime


async def find_popular(uow: UnitOfWork) -> list[PopularArticle]:
    """Return the popular articles, the most popular first."""
    liked = select(Article).where(Article.favorites_count > 0)
    order = (Article.favorites_count.desc(), Article.created_at.desc(), Article.id.desc())
    articles = await uow.session.scalars(liked.order_by(*order).limit(MOST_ARTICLES))
    return [PopularArticle.model_validate(article) for article in articles]


async def read_popular(begin: UnitOfWorkFactory, cache: Cache) -> Sequence[PopularArticle]:
    """Return the popular articles, from the cache for a minute."""

    async def read() -> list[PopularArticle]:
        async with begin(read_only=True) as uow:
            return await find_popular(uow)

    return await cache.fetch(POPULAR, list[PopularArticle], read, ttl=KEPT_SECONDS)


async def read_tags(begin: UnitOfWorkFactory, cache: Cache) -> Sequence[str]:
    """Return the tags of articles, those with most articles first, from the cache for a minute."""

    async def read() -> list[str]:
        async with begin(read_only=True) as uow:
            return await list_tags(uow, limit=MOST_TAGS)

    return await cache.fetch(TAGS, list[str], read, ttl=KEPT_SECONDS)
