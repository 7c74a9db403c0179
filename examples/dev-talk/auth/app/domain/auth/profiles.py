"""Profiles: a user as others see them, and who follows whom."""

from sqlalchemy import select

from app.domain.auth.models import Follow, User
from app.domain.auth.users import OWNER, describe, find_user, get_user
from app.domain.contracts.users import UserFollowed, UserRecord, UserUnfollowed
from app.domain.freshness import note_version
from app.shared import Store
from app.unit_of_work import UnitOfWork


async def is_following(uow: UnitOfWork, follower_id: int | None, followed_id: int) -> bool:
    """Tell whether a user follows another one."""
    if follower_id is None:
        return False
    return await uow.session.get(Follow, (follower_id, followed_id)) is not None


async def follow(uow: UnitOfWork, store: Store, follower_id: int, username: str) -> User:
    """Let a user follow another one, who is returned; once is as good as twice."""
    followed = await find_user(uow, username)
    # Locked: what comes at the same moment of the same user waits.
    follower = await get_user(uow, follower_id, for_change=True)
    if not await is_following(uow, follower_id, followed.id):
        uow.session.add(Follow(follower_id=follower_id, followed_id=followed.id))
        follower.version += 1
        version = follower.version
        uow.emit(UserFollowed(user_id=follower_id, version=version, followed_id=followed.id))
        note_version(uow, store, OWNER, follower_id, version)
    return followed


async def unfollow(uow: UnitOfWork, store: Store, follower_id: int, username: str) -> User:
    """Let a user follow another one no more, who is returned."""
    followed = await find_user(uow, username)
    follower = await get_user(uow, follower_id, for_change=True)
    row = await uow.session.get(Follow, (follower_id, followed.id))
    if row is not None:
        await uow.session.delete(row)
        follower.version += 1
        version = follower.version
        uow.emit(UserUnfollowed(user_id=follower_id, version=version, followed_id=followed.id))
        note_version(uow, store, OWNER, follower_id, version)
    return followed


async def describe_all(uow: UnitOfWork, user: User) -> UserRecord:
    """Return what another service may know of a user."""
    # Read behind the user's row: a change in between is in the list and not in the version, so that
    # its event is applied again, which changes nothing.
    rows = select(Follow.followed_id).filter_by(follower_id=user.id).order_by(Follow.followed_id)
    following = list(await uow.session.scalars(rows))
    return UserRecord(**describe(user), following=following)
