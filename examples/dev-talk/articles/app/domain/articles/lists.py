"""Lists of articles, newest first; each page is found in an index, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.articles.counts import ALL, Key, of_author, of_tag, read_count
from app.domain.articles.models import Article, ArticleTag, Favorite
from app.domain.people.service import find_person_named, list_followed
from app.unit_of_work import UnitOfWork

# A page is found among the newest of so many authors each; more are looked through together.
FEW_AUTHORS = 100


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    offset: int


@dataclass(frozen=True)
class ArticleList:
    """A page of articles without bodies, and how many there are in all."""

    articles: Sequence[Article]
    count: int


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What articles are listed by, all of it at once; users by their names."""

    tag: str | None = None
    author: str | None = None
    favorited: str | None = None


EMPTY = ArticleList([], 0)


async def list_articles(uow: UnitOfWork, filters: Filters, page: Page) -> ArticleList:
    """Return a page of the articles that pass all filters."""
    ids: Select[Any] = select(Article.id)
    order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[int]]
    order = (Article.created_at, Article.id)
    keys: list[Key | None] = []
    if filters.author is not None:
        author = await find_person_named(uow, filters.author)
        if author is None:
            return EMPTY
        ids = ids.where(Article.author_id == author.id)
        keys.append(of_author(author.id))
    if filters.tag is not None:
        ids = ids.join(ArticleTag, ArticleTag.article_id == Article.id)
        ids = ids.where(ArticleTag.tag == filters.tag)
        order = (ArticleTag.created_at, ArticleTag.article_id)
        keys.append(of_tag(filters.tag))
    if filters.favorited is not None:
        fan = await find_person_named(uow, filters.favorited)
        if fan is None:
            return EMPTY
        ids = ids.join(Favorite, Favorite.article_id == Article.id)
        ids = ids.where(Favorite.user_id == fan.id)
        order = (Favorite.created_at, Favorite.article_id)
        keys.append(None)
    count = await count_articles(uow, ids, keys or [ALL])
    if page.offset >= count:
        return ArticleList([], count)
    wanted = ids.order_by(*(each.desc() for each in order)).limit(page.limit).offset(page.offset)
    return ArticleList(await load(uow, (await uow.session.scalars(wanted)).all()), count)


async def count_articles(uow: UnitOfWork, ids: Select[Any], keys: Sequence[Key | None]) -> int:
    """Return how many articles there are under the only key; under several, count them."""
    if len(keys) == 1 and keys[0] is not None:
        return await read_count(uow, keys[0])
    return await uow.session.scalar(select(func.count()).select_from(ids.subquery())) or 0


async def list_feed(uow: UnitOfWork, reader_id: int, page: Page) -> ArticleList:
    """Return a page of the articles of those whom somebody follows."""
    authors = await list_followed(uow, reader_id)
    count = await read_count(uow, *map(of_author, authors))
    if page.offset >= count:
        return ArticleList([], count)
    newest = select(Article.id, Article.created_at)
    if len(authors) > FEW_AUTHORS:
        found = newest.where(Article.author_id.in_(authors)).subquery()
    else:
        ordered = newest.order_by(Article.created_at.desc(), Article.id.desc())
        first = ordered.limit(page.offset + page.limit)
        each = (first.where(Article.author_id == author).subquery() for author in authors)
        found = union_all(*(select(part.c.id, part.c.created_at) for part in each)).subquery()
    wanted = select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc())
    ids = await uow.session.scalars(wanted.limit(page.limit).offset(page.offset))
    return ArticleList(await load(uow, ids.all()), count)


async def load(uow: UnitOfWork, ids: Sequence[int]) -> list[Article]:
    """Return the articles with these ids, in their order."""
    rows = await uow.session.scalars(select(Article).where(Article.id.in_(ids)))
    found = {article.id: article for article in rows}
    return [found[each] for each in ids]
