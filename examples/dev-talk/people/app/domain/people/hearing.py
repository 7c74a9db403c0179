"""Keep what auth tells of its users, in whichever order it arrives."""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.core.errors import TransactionConflictError
from app.domain.contracts.users import UserChanged, UserRecord, UserRegistered
from app.domain.people.models import Following, Hearing, Person
from app.unit_of_work import UnitOfWork
from app.utils.clock import now

Profile = UserRegistered | UserChanged | UserRecord


async def hear_profile(uow: UnitOfWork, profile: UserRegistered | UserChanged) -> None:
    """Keep the profile that an event tells, unless a newer one is known."""
    if await hear(uow, profile.user_id, profile.version):
        await keep_profile(uow, profile)


async def hear_following(
    uow: UnitOfWork, follower_id: int, followed_id: int, *, version: int, is_active: bool
) -> None:
    """Keep who follows whom, or does no more, unless something newer is known."""
    if not await hear(uow, follower_id, version):
        return
    following = await uow.session.get(Following, (follower_id, followed_id))
    if following is None:
        following = Following(follower_id=follower_id, followed_id=followed_id, version=0)
        uow.session.add(following)
    if version > following.version:
        following.is_active, following.version = is_active, version


async def hear_record(uow: UnitOfWork, record: UserRecord) -> None:
    """Keep what auth answered about a user: all there is, as of a version."""
    hearing = await hold_hearing(uow, record.user_id)
    if record.version < hearing.version:
        return
    hearing.version = record.version
    hearing.ahead = catch_up(hearing, hearing.ahead)
    await keep_profile(uow, record)
    await keep_followings(uow, record)


async def hear(uow: UnitOfWork, user_id: int, version: int) -> bool:
    """Note that a change has been heard of; False when what is known holds it already."""
    hearing = await hold_hearing(uow, user_id)
    if version <= hearing.version:
        return False
    hearing.ahead = catch_up(hearing, [*hearing.ahead, version])
    return True


def catch_up(hearing: Hearing, ahead: Collection[int]) -> list[int]:
    """Move a hearing on over the changes that follow without a gap; return those beyond it."""
    waiting = {version for version in ahead if version > hearing.version}
    while hearing.version + 1 in waiting:
        hearing.version += 1
        waiting.remove(hearing.version)
    return sorted(waiting)


async def hold_hearing(uow: UnitOfWork, user_id: int) -> Hearing:
    """Return how much has been heard of a user, for nobody else to change meanwhile."""
    hearing = await uow.session.get(Hearing, user_id, with_for_update=True)
    if hearing is None:
        hearing = Hearing(user_id=user_id, version=0, ahead=[])
        uow.session.add(hearing)
        try:
            await uow.session.flush()
        except IntegrityError as error:
            raise TransactionConflictError("the user was heard of a moment ago") from error
    return hearing


async def keep_profile(uow: UnitOfWork, profile: Profile) -> None:
    """Keep a profile unless a newer one is known."""
    person = await uow.session.get(Person, profile.user_id)
    if person is None:
        person = Person(id=profile.user_id, version=0)
        uow.session.add(person)
    if profile.version > person.version:
        person.username, person.bio, person.image = profile.username, profile.bio, profile.image
        person.version, person.heard_at = profile.version, now()


async def keep_followings(uow: UnitOfWork, record: UserRecord) -> None:
    """Let a user follow whom the record names, and nobody else, but for what is newer."""
    mine = (Following.follower_id == record.user_id, Following.version <= record.version)
    ended = update(Following).where(*mine).values(is_active=False, version=record.version)
    await uow.session.execute(ended.execution_options(synchronize_session=False))
    rows = await uow.session.scalars(select(Following).filter_by(follower_id=record.user_id))
    known = {row.followed_id: row for row in rows}
    for followed_id in record.following:
        following = known.get(followed_id)
        if following is None:
            following = Following(follower_id=record.user_id, followed_id=followed_id)
            uow.session.add(following)
        elif following.version > record.version:
            continue
        following.is_active, following.version = True, record.version


async def read_heard(uow: UnitOfWork, user_id: int) -> int:
    """Return up to which change all is known of a user; 0 when nothing is."""
    heard = select(Hearing.version).filter_by(user_id=user_id)
    return await uow.session.scalar(heard) or 0
