"""Logging in with an address and a password."""

from contextlib import suppress

from sqlalchemy import select

from app.core.errors import UnavailableError
from app.domain.auth.models import User
from app.domain.auth.passwords import Passwords
from app.domain.auth.users import list_roles
from app.unit_of_work import UnitOfWorkFactory


class WrongCredentialsError(RuntimeError):
    """There is no such user, or that is not the password."""


async def log_in(
    begin: UnitOfWorkFactory, passwords: Passwords, *, email: str, password: str
) -> tuple[User, list[str]]:
    """Return the user with this address and password, and their roles.

    No transaction is open while the password is tried, which takes its time. Raises
    WrongCredentialsError.
    """
    async with begin(read_only=True) as uow:
        user = await uow.session.scalar(select(User).filter_by(email=email.lower()))
        roles = await list_roles(uow, user.id) if user else []
    is_right = await passwords.check(user.password_hash if user else None, password)
    if user is None or not is_right:
        raise WrongCredentialsError("credentials: invalid")
    if passwords.is_outdated(user.password_hash):
        # The next login does it, if too many are at it now.
        with suppress(UnavailableError):
            await replace_hash(begin, user, await passwords.hash(password))
    return user, roles


async def replace_hash(begin: UnitOfWorkFactory, user: User, password_hash: str) -> None:
    """Keep a password by another hash, unless it has been changed meanwhile."""
    async with begin() as uow:
        kept = await uow.session.get_one(User, user.id, with_for_update=True)
        if kept.password_hash == user.password_hash:
            kept.password_hash = password_hash
