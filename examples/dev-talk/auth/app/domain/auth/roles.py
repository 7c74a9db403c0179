"""Roles: who may do what, beside what everybody may."""

from collections.abc import Collection

from sqlalchemy import delete

from app.core.errors import InvalidInputError
from app.domain.auth.models import Role, User
from app.domain.auth.users import find_user
from app.domain.permissions import PERMISSIONS
from app.unit_of_work import UnitOfWork


async def set_roles(uow: UnitOfWork, username: str, roles: Collection[str]) -> User:
    """Give a user these roles and no others; raises InvalidInputError and NotFoundError."""
    unknown = sorted(set(roles) - PERMISSIONS.keys())
    if unknown:
        known = ", ".join(PERMISSIONS)
        raise InvalidInputError(f"{unknown[0]} is none of {known}", field="roles")
    user = await find_user(uow, username)
    await uow.session.execute(delete(Role).where(Role.user_id == user.id))
    uow.session.add_all(Role(user_id=user.id, name=name) for name in set(roles))
    await uow.session.flush()
    return user
