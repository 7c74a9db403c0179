"""Redis that comes back: what it missed is made up for, and one log line says so."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.errors import StartupError
from app.services import redis_client, redis_pool
from app.services.rate_limiter import RateLimit, RateLimiter
from app.services.redis import RedisCache
from tests.redis_kit import BACK, DOWN, RedisFixtures, on_redis
from tests.redis_way import Way


@on_redis
class TestRedisThatComesBack(RedisFixtures):
    """A real Redis, and a way to it that is cut and mended."""

    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 0)

    @pytest.fixture
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is slow because the machine is busy is not down."""
        monkeypatch.setattr(redis_client, "TIMEOUT_SECONDS", 30)

    async def test_it_is_one_line_down_and_one_line_back(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        await way.cut()
        for _ in range(3):
            assert await cache.get("key") is None
        await way.mend()
        for _ in range(3):
            assert await cache.get("key") == 1
        assert log.messages == [DOWN, BACK]

    async def test_a_deletion_that_it_did_not_hear_is_made_up_for(
        self, way: Way, cache: RedisCache
    ) -> None:
        await cache.set("key", "stale", ttl=60)
        await way.cut()
        await cache.delete("key")
        await way.mend()
        assert await cache.get("key") is None

    async def test_connections_that_it_closed_are_replaced_in_silence(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        await way.drop()
        assert await cache.get("key") == 1
        assert log.messages == []

    @pytest.mark.usefixtures("patience")
    async def test_a_burst_waits_for_connections_rather_than_failing(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        assert await asyncio.gather(*(cache.get("key") for _ in range(300))) == [1] * 300
        assert way.connections <= redis_pool.CONNECTIONS
        assert log.messages == []

    async def test_what_it_refuses_is_one_line_and_not_down(
        self, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        limiter, limit = RateLimiter(cache), RateLimit(1, per=60)
        await cache.acquire("limit:60.0:ip", token="no counter", ttl=60)
        for _ in range(3):
            await limiter.check("ip", limit=limit)
        assert log.messages == ["redis refuses, reading it as empty"]
        assert cache.available

    async def test_a_unix_socket_leads_to_it_too(self, way: Way, tmp_path: Path) -> None:
        path = tmp_path / "redis.sock"
        server = await asyncio.start_unix_server(way.carry, path)
        cache = RedisCache(f"unix://{path}?db=0", prefix=f"test-{uuid4()}")
        await cache.ping()
        await cache.set("key", 1, ttl=60)
        assert await cache.get("key") == 1
        await cache.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "url", ["redis://host:port/0", "redis://host?no_such_option=1", "redis://host?db=none"]
)
def test_a_url_that_makes_no_sense_stops_the_start(url: str) -> None:
    with pytest.raises(StartupError, match=r"^REDIS_URL: "):
        RedisCache(url, prefix="test")
