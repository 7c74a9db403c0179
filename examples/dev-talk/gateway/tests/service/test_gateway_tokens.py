"""Tokens at the gateway: who gets through, and who not any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from httpx import AsyncClient
from redis.exceptions import RedisError

from app.domain.contracts.sessions import SessionRevoked
from app.gateway.known_tokens import KnownTokens
from app.gateway.revocations import Revocations
from app.resources import Resources
from app.services.tokens import TokenVerifier
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.kit.events import DeliverEvent
from tests.kit.tokens import Issuer
from tests.service.conftest import Services

REVOKED = {"errors": {"token": ["is revoked"]}}


def bring(issuer: Issuer, session: str = "s1", **claims: Any) -> dict[str, str]:
    """Return the headers of somebody in a session."""
    return {"authorization": f"Token {issuer.issue('1', sid=session, **claims)}"}


async def test_a_good_token_gets_through_and_goes_along(
    services: Services, client: AsyncClient, issuer: Issuer
) -> None:
    headers = bring(issuer)
    assert (await client.get("/api/user", headers=headers)).status_code == 200
    assert services.requests[0].headers["authorization"] == headers["authorization"]


async def test_without_a_token_the_service_decides(services: Services, client: AsyncClient) -> None:
    assert (await client.get("/api/user")).status_code == 200
    assert "authorization" not in services.requests[0].headers


@pytest.mark.usefixtures("issuer")
@pytest.mark.parametrize("header", ["Token", "Token x", "Bearer x.y.z", "Basic YTpi", "x"])
async def test_what_is_no_token_does_not_get_through(
    services: Services, client: AsyncClient, header: str
) -> None:
    answer = await client.get("/api/articles", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json() == {"errors": {"token": ["is invalid"]}}
    assert services.requests == []


@pytest.mark.usefixtures("services")
async def test_a_token_that_has_expired_does_not_get_through(
    client: AsyncClient, issuer: Issuer
) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    answer = await client.get("/api/articles", headers=bring(issuer, exp=past))
    assert answer.status_code == 401


@pytest.mark.usefixtures("services")
async def test_a_token_is_checked_once_a_minute(
    client: AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC).timestamp()
    monkeypatch.setattr("app.gateway.known_tokens.time", lambda: moment)
    checked = []
    verify = TokenVerifier.verify

    async def count(self: TokenVerifier, token: str) -> Any:
        checked.append(token)
        return await verify(self, token)

    monkeypatch.setattr(TokenVerifier, "verify", count)
    headers = bring(issuer, exp=moment + 3600)
    for _ in range(3):
        assert (await client.get("/api/user", headers=headers)).status_code == 200
    assert len(checked) == 1
    moment += 61
    await client.get("/api/user", headers=headers)
    assert len(checked) == 2


def test_tokens_that_were_not_seen_for_long_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.known_tokens.MOST", 2)
    tokens = KnownTokens()
    for token in "abc":
        tokens.add(token, "1", "s", expires=datetime.now(UTC).timestamp() + 9)
    assert [tokens.find(token) is not None for token in "abc"] == [False, True, True]


@pytest.mark.usefixtures("services")
async def test_a_session_that_ended_is_known_from_the_broadcast(
    client: AsyncClient, issuer: Issuer, deliver: DeliverEvent
) -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    await deliver(SessionRevoked(session_id="s1", user_id=1, expires_at=expires_at))
    answer = await client.get("/api/articles", headers=bring(issuer))
    assert answer.status_code == 401
    assert answer.json() == REVOKED
    assert (await client.get("/api/articles", headers=bring(issuer, "s2"))).status_code == 200


class StandInRedis:
    """Knows keys, or fails."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.asked = 0
        self.is_down = False

    async def exists(self, key: str) -> int:
        self.asked += 1
        if self.is_down:
            raise RedisError
        return int(key in self.keys)


async def test_a_session_that_ended_is_known_from_redis() -> None:
    redis: Any = StandInRedis()
    revocations = Revocations(redis)
    redis.keys.add("dev-talk:revoked:s1")
    assert await revocations.contains("s1")
    assert not await revocations.contains("s2")


async def test_while_redis_is_away_the_broadcast_counts_and_nobody_waits() -> None:
    redis: Any = StandInRedis()
    redis.is_down = True
    revocations = Revocations(redis)
    revocations.add("s1", datetime.now(UTC) + timedelta(hours=1))
    assert await revocations.contains("s1")
    assert not await revocations.contains("s2")
    assert not await revocations.contains("s2")
    assert redis.asked == 1


async def test_what_has_expired_is_forgotten(clock: Clock) -> None:
    revocations = Revocations(None)
    revocations.add("s1", clock.moment + timedelta(seconds=10))
    clock.advance(11)
    revocations.add("s2", clock.moment + timedelta(seconds=10))
    assert not await revocations.contains("s1")
    assert await revocations.contains("s2")


@pytest.fixture
def few_requests(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    del clean_environment
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "2")


@pytest.mark.usefixtures("few_requests", "services")
async def test_who_asks_too_often_has_to_wait_and_others_do_not(
    client: AsyncClient, issuer: Issuer
) -> None:
    answers = [await client.get("/api/tags") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (await client.get("/api/tags", headers=bring(issuer))).status_code == 200


@pytest.mark.usefixtures("services")
async def test_tokens_cannot_be_checked_without_an_issuer(
    client: AsyncClient, opened: Container, issuer: Issuer
) -> None:
    token = jwt.encode({"sub": "1"}, "x" * 32, "HS256")
    await client.get("/api/tags")
    opened.add(TokenVerifier, TokenVerifier(issuer.settings.model_copy(update={"jwks_url": None})))
    assert opened[Resources].known_tokens.find(token) is None
    answer = await client.get("/api/tags", headers={"authorization": f"Token {token}"})
    assert answer.status_code == 503
