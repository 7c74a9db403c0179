"""Tokens of people: those of an issuer that every test may trust."""

import pytest

from tests.kit.tokens import Issuer
from tests.service.people_kit import Headers, Sign


@pytest.fixture
def sign(issuer: Issuer) -> Sign:
    """Return the headers of somebody, known or not: `await sign(1, "moderator")`."""

    async def issue(user_id: int, *roles: str) -> Headers:
        token = issuer.issue(str(user_id), sid=f"session-{user_id}", roles=list(roles))
        return {"authorization": f"Token {token}"}

    return issue
