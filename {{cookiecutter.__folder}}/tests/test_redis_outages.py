"""Redis that is down or hangs: a miss and one log line, never an error."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.services import redis_client
from app.services.redis import RedisCache
from tests.computation import finished
from tests.redis_kit import DOWN, RedisFixtures
from tests.redis_way import NOWHERE, Way


class TestRedisThatIsDown(RedisFixtures):
    """Nothing listens."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[RedisCache]:
        cache = RedisCache(NOWHERE, prefix="test")
        yield cache
        await cache.close()

    async def test_everything_is_a_miss_and_one_log_line(
        self, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        await cache.delete("key")
        assert await cache.get("key") is None
        assert await cache.ttl("key") is None
        assert not await cache.claim("job", ttl=60)
        async with cache.lock("report", ttl=60) as held:
            assert not held
        assert log.messages == [DOWN]

    async def test_nobody_waits_for_a_computation(self, cache: RedisCache) -> None:
        async with asyncio.timeout(0.5):
            assert await cache.fetch("key", int, finished(7), ttl=60) == 7

    async def test_its_probe_says_so(self, cache: RedisCache) -> None:
        with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
            await cache.ping()


class TestRedisThatHangs(RedisFixtures):
    """It takes connections, and never answers."""

    @pytest.fixture
    async def way(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Way]:
        monkeypatch.setattr(redis_client, "TIMEOUT_SECONDS", 0.1)
        way = Way()
        way.blocked = True
        await way.mend()
        yield way
        await way.cut()

    async def test_only_the_first_request_waits(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(100):
            assert await cache.get("key") is None
        assert cache.operations == {"failed": 1, "skipped": 99}
        assert way.connections == 1
        assert log.messages == [DOWN]

    async def test_after_a_pause_one_request_tries_for_all(
        self, way: Way, cache: RedisCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 0)
        await cache.get("key")
        await asyncio.gather(*(cache.get("key") for _ in range(10)))
        assert way.connections == 2

    async def test_its_probe_really_asks_every_time(self, way: Way, cache: RedisCache) -> None:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await cache.ping()
        assert way.connections == 2
