"""Tokens of people: those that this service issues itself."""

import time

import pytest

from app.domain.auth.keys import Keyring
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.service.people_kit import Headers, Sign


@pytest.fixture
def sign(opened: Container, settings: Settings) -> Sign:
    """Return the headers of somebody, known or not: `await sign(1, "moderator")`."""
    keyring = opened.add(Keyring, Keyring(opened[UnitOfWorkFactory], settings))

    async def issue(user_id: int, *roles: str) -> Headers:
        claims = {
            "iss": settings.access_issuer,
            "aud": settings.access_audience,
            "sub": str(user_id),
            "sid": f"session-{user_id}",
            "roles": list(roles),
            "exp": time.time() + 60,
        }
        return {"authorization": f"Token {await keyring.sign(claims)}"}

    return issue
