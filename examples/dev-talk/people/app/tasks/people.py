"""What is kept of people, whenever auth tells of them."""

from app.domain.contracts.users import UserChanged, UserFollowed, UserRegistered, UserUnfollowed
from app.domain.people import hearing
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(UserRegistered)
async def hear_of_new_user(event: UserRegistered, uow: UnitOfWork) -> None:
    """Know the new user."""
    await hearing.hear_profile(uow, event)


@consumer.on(UserChanged)
async def hear_of_profile(event: UserChanged, uow: UnitOfWork) -> None:
    """Know the user's new profile."""
    await hearing.hear_profile(uow, event)


@consumer.on(UserFollowed)
async def hear_of_follower(event: UserFollowed, uow: UnitOfWork) -> None:
    """Know whom the user follows."""
    await hearing.hear_following(
        uow, event.user_id, event.followed_id, version=event.version, is_active=True
    )


@consumer.on(UserUnfollowed)
async def hear_of_end(event: UserUnfollowed, uow: UnitOfWork) -> None:
    """Know whom the user follows no more."""
    await hearing.hear_following(
        uow, event.user_id, event.followed_id, version=event.version, is_active=False
    )
