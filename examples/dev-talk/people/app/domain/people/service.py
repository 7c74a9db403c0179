"""What is known of people: read for every answer, and kept from what auth tells."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from app.domain.people.models import Following, Person
from app.unit_of_work import UnitOfWork


async def find_person_named(uow: UnitOfWork, username: str) -> Person | None:
    """Return the person of a name, if one is known."""
    named = select(Person).where(Person.username == username)
    # While two users swap names, both may have one for a moment: whoever was heard of last.
    return await uow.session.scalar(named.order_by(Person.heard_at.desc()).limit(1))


async def list_followed(uow: UnitOfWork, follower_id: int) -> Sequence[int]:
    """Return the ids of everybody whom somebody follows."""
    followed = select(Following.followed_id).filter_by(follower_id=follower_id, is_active=True)
    return (await uow.session.scalars(followed.order_by(Following.followed_id))).all()


async def find_people(uow: UnitOfWork, ids: Collection[int]) -> dict[int, Person]:
    """Return people by their ids, as far as they are known."""
    if not ids:
        return {}
    people = await uow.session.scalars(select(Person).where(Person.id.in_(ids)))
    return {person.id: person for person in people}


async def find_followed(uow: UnitOfWork, follower_id: int | None, ids: Collection[int]) -> set[int]:
    """Return which of these somebody follows; nobody in particular follows none."""
    if follower_id is None or not ids:
        return set()
    followed = select(Following.followed_id).filter_by(follower_id=follower_id, is_active=True)
    return set(await uow.session.scalars(followed.where(Following.followed_id.in_(ids))))
