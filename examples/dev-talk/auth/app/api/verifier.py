"""How tokens are checked where they are issued: with the keys themselves."""

import jwt
from fastapi import Request

from app.domain.auth.keys import Keyring
from app.domain.settings import Settings
from app.services.tokens import Caller, InvalidTokenError
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container


async def get_keyring(request: Request) -> Keyring:
    """Return the keys of this process, which has one such object."""
    opened: Container = request.state.opened
    if Keyring not in opened:
        opened.add(Keyring, Keyring(opened[UnitOfWorkFactory], opened[Settings]))
    return opened[Keyring]


async def verify(request: Request, token: str) -> Caller:
    """Return whom a token names; raises InvalidTokenError."""
    try:
        claims = await (await get_keyring(request)).check(token)
    except jwt.PyJWTError as error:
        raise InvalidTokenError("the token is not valid, or not any more") from error
    return Caller(subject=claims["sub"], scopes=frozenset(), claims=claims)
