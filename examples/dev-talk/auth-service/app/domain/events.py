"""The events of this service: what it tells others."""

from app.domain.contracts.sessions import SessionRevoked
from app.domain.contracts.users import (
    LookUpUser,
    UserChanged,
    UserFollowed,
    UserRegistered,
    UserUnfollowed,
)

__all__ = [
    "LookUpUser",
    "SessionRevoked",
    "UserChanged",
    "UserFollowed",
    "UserRegistered",
    "UserUnfollowed",
]
