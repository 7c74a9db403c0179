"""What is shown beside articles: who wrote them, and how the reader stands to both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from app.domain.articles.models import Favorite
from app.domain.people.models import Person
from app.domain.people.service import find_followed, find_people
from app.unit_of_work import UnitOfWork


class Written(Protocol):
    """What an article is shown by, wherever it comes from."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def author_id(self) -> int:
        """Who wrote it."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What some articles are shown with to one reader."""

    people: dict[int, Person]
    followed: set[int]
    favorites: set[int]


async def look_around(
    uow: UnitOfWork, articles: Sequence[Written], reader_id: int | None
) -> Surroundings:
    """Return what the articles are shown with; nobody in particular likes and follows nothing."""
    authors = {article.author_id for article in articles}
    return Surroundings(
        people=await find_people(uow, authors),
        followed=await find_followed(uow, reader_id, authors),
        favorites=await find_favorites(uow, reader_id, [article.id for article in articles]),
    )


async def find_favorites(
    uow: UnitOfWork, user_id: int | None, article_ids: Collection[int]
) -> set[int]:
    """Return which of these articles somebody likes."""
    if user_id is None or not article_ids:
        return set()
    liked = select(Favorite.article_id).filter_by(user_id=user_id)
    return set(await uow.session.scalars(liked.where(Favorite.article_id.in_(article_ids))))
