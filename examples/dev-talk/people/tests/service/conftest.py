"""People for tests: users that auth has told of, and their tokens."""

from uuid import uuid4

import pytest

from app.domain.contracts.users import UserRegistered
from tests.kit.events import DeliverEvent
from tests.service.people_kit import Enter, Headers, Sign
from tests.service.signing import sign

__all__ = ["sign"]


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test shares on a real Redis apart from what others do."""
    monkeypatch.setattr("app.shared.redis_store.PREFIX", f"test-{uuid4().hex}:")


@pytest.fixture
def enter(sign: Sign, deliver: DeliverEvent) -> Enter:
    """Let somebody in: `headers = await enter(1, "ann")`."""

    async def register(user_id: int, username: str, *roles: str) -> Headers:
        await deliver(
            UserRegistered(user_id=user_id, version=1, username=username, bio=None, image=None)
        )
        return await sign(user_id, *roles)

    return register


@pytest.fixture
async def ann(enter: Enter) -> Headers:
    """The headers of a user."""
    return await enter(1, "ann")


@pytest.fixture
async def bob(enter: Enter) -> Headers:
    """The headers of another one."""
    return await enter(2, "bob")
