"""Users: registering, and changing a profile."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.errors import ConflictError, NotFoundError, TransactionConflictError
from app.domain.auth.models import Role, User
from app.domain.contracts.users import UserChanged, UserRegistered
from app.domain.freshness import note_version
from app.shared import Store
from app.unit_of_work import UnitOfWork

OWNER = "auth"


async def register(
    uow: UnitOfWork, store: Store, *, username: str, email: str, password_hash: str
) -> User:
    """Add a user; raises ConflictError when the name or the address is taken."""
    await refuse_taken(uow, username=username, email=email)
    user = User(
        username=username,
        username_key=fold(username),
        email=email.lower(),
        password_hash=password_hash,
        version=1,
    )
    uow.session.add(user)
    await flush(uow)
    uow.emit(UserRegistered(**describe(user)))
    note_version(uow, store, OWNER, user.id, user.version)
    return user


async def change(uow: UnitOfWork, store: Store, user_id: int, changes: Mapping[str, Any]) -> User:
    """Set columns of a user; raises ConflictError when the name or the address is taken."""
    user = await get_user(uow, user_id, for_change=True)
    await refuse_taken(
        uow, username=changes.get("username"), email=changes.get("email"), but=user.id
    )
    for name, value in changes.items():
        setattr(user, name, value)
    user.email = user.email.lower()
    user.username_key = fold(user.username)
    user.version += 1
    await flush(uow)
    uow.emit(UserChanged(**describe(user)))
    note_version(uow, store, OWNER, user.id, user.version)
    return user


async def get_user(uow: UnitOfWork, user_id: int, *, for_change: bool = False) -> User:
    """Return a user; raises NotFoundError."""
    user = await uow.session.get(User, user_id, with_for_update=for_change)
    if user is None:
        raise NotFoundError("profile: not found")
    return user


async def find_user(uow: UnitOfWork, username: str) -> User:
    """Return the user with a name; raises NotFoundError."""
    user = await uow.session.scalar(select(User).filter_by(username_key=fold(username)))
    if user is None or user.username != username:
        raise NotFoundError("profile: not found")
    return user


async def list_roles(uow: UnitOfWork, user_id: int) -> list[str]:
    """Return the roles of a user."""
    rows = select(Role.name).filter_by(user_id=user_id).order_by(Role.name)
    return list(await uow.session.scalars(rows))


async def refuse_taken(
    uow: UnitOfWork, *, username: str | None, email: str | None, but: int | None = None
) -> None:
    """Raise ConflictError when somebody else has the name or the address."""
    if username is not None:
        owner = select(User.id).filter_by(username_key=fold(username))
        if await uow.session.scalar(owner) not in {None, but}:
            raise ConflictError("username: has already been taken")
    if email is not None:
        owner = select(User.id).filter_by(email=email.lower())
        if await uow.session.scalar(owner) not in {None, but}:
            raise ConflictError("email: has already been taken")


async def flush(uow: UnitOfWork) -> None:
    """Write the rows; who was taken a name from at the same moment tries again, and is told."""
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise TransactionConflictError("username: is being taken") from error


def fold(username: str) -> str:
    """Return a name without regard to case: nothing else makes two names the same."""
    return username.casefold()


def describe(user: User) -> dict[str, Any]:
    """Return what events tell of a user."""
    return {
        "user_id": user.id,
        "version": user.version,
        "username": user.username,
        "bio": user.bio,
        "image": user.image,
    }
