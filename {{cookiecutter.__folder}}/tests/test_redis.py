"""Redis shared by processes, and Redis that fails: a miss and one log line, never an error."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.errors import StartupError
from app.services import redis
from app.services.rate_limiter import RateLimit, RateLimiter
from app.services.redis import RedisCache
from tests.cache_contract import Computation, finished
from tests.redis_way import NOWHERE, Way

DOWN = "redis is down, reading it as empty"
BACK = "redis is back"

on_redis = pytest.mark.skipif(
    "TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set"
)

Pair = tuple[RedisCache, RedisCache]


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    way = Way()
    await way.mend()
    yield way
    await way.cut()


@pytest.fixture
async def cache(way: Way) -> AsyncIterator[RedisCache]:
    cache = RedisCache(way.url, prefix=f"test-{uuid4()}")
    yield cache
    await cache.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@on_redis
class TestTwoProcesses:
    """Two caches with one prefix, as two processes have them."""

    @pytest.fixture
    async def pair(self) -> AsyncIterator[Pair]:
        url, prefix = os.environ["TEST_REDIS_URL"], f"test-{uuid4()}"
        pair = RedisCache(url, prefix=prefix), RedisCache(url, prefix=prefix)
        yield pair
        for each in pair:
            await each.close()

    async def test_one_computes_and_the_other_waits_for_it(self, pair: Pair) -> None:
        one, other = pair
        computation, unneeded = Computation(7), finished(8)
        first = asyncio.create_task(one.fetch("key", int, computation, ttl=60))
        await computation.begun.wait()
        second = asyncio.create_task(other.fetch("key", int, unneeded, ttl=60))
        done, _ = await asyncio.wait([second], timeout=0.1)
        assert not done
        computation.ended.set()
        assert [await first, await second] == [7, 7]
        assert unneeded.runs == 0

    async def test_the_other_takes_over_when_the_first_fails(self, pair: Pair) -> None:
        one, other = pair
        failing = Computation(LookupError())
        first = asyncio.create_task(one.fetch("key", int, failing, ttl=60))
        await failing.begun.wait()
        second = asyncio.create_task(other.fetch("key", int, finished(8), ttl=60))
        failing.ended.set()
        with pytest.raises(LookupError):
            await first
        assert await second == 8

    async def test_the_other_takes_over_when_the_first_has_died(self, pair: Pair) -> None:
        one, other = pair
        assert await one.acquire("lease:key", token="of the dead", ttl=0.1)
        assert await other.fetch("key", int, finished(8), ttl=60) == 8
        assert await one.get("key") == 8

    async def test_a_deletion_here_keeps_out_what_is_computed_there(self, pair: Pair) -> None:
        one, other = pair
        old = Computation("old")
        asking = asyncio.create_task(one.fetch("key", str, old, ttl=60))
        await old.begun.wait()
        await other.delete("key")
        assert await other.fetch("key", str, finished("new"), ttl=60) == "new"
        old.ended.set()
        assert await asking == "old"
        assert await one.get("key") == "new"

    async def test_one_of_them_gets_the_lock(self, pair: Pair) -> None:
        one, other = pair
        async with one.lock("report", ttl=60) as first, other.lock("report", ttl=60) as second:
            assert (first, second) == (True, False)


class TestRedisThatIsDown:
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


class TestRedisThatHangs:
    """It takes connections, and never answers."""

    @pytest.fixture
    async def way(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Way]:
        monkeypatch.setattr(redis, "TIMEOUT_SECONDS", 0.1)
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
        assert way.connections == 1
        assert log.messages == [DOWN]

    async def test_after_a_pause_one_request_tries_for_all(
        self, way: Way, cache: RedisCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis, "PAUSE_SECONDS", 0)
        await cache.get("key")
        await asyncio.gather(*(cache.get("key") for _ in range(10)))
        assert way.connections == 2

    async def test_its_probe_really_asks_every_time(self, way: Way, cache: RedisCache) -> None:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await cache.ping()
        assert way.connections == 2


@on_redis
class TestRedisThatComesBack:
    """A real Redis, and a way to it that is cut and mended."""

    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis, "PAUSE_SECONDS", 0)

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

    async def test_a_burst_waits_for_connections_rather_than_failing(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        assert await asyncio.gather(*(cache.get("key") for _ in range(300))) == [1] * 300
        assert way.connections <= redis.CONNECTIONS
        assert log.messages == []

    async def test_what_it_refuses_is_one_line_and_not_down(
        self, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        limiter, limit = RateLimiter(cache), RateLimit(1, per=60)
        await cache.acquire("limit:60:ip", token="no counter", ttl=60)
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
