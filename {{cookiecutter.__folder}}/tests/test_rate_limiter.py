"""The rate limiter: one window for all processes, in memory and on Redis."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from app.core.errors import TooManyRequestsError
from app.services.memory_cache import MemoryCache
from app.services.rate_limiter import RateLimit, RateLimiter
from app.services.redis import RedisCache
from app.utils.cache import Cache
from tests.cache_kit import eventually
from tests.rate_limiter_kit import count_accepted

NOWHERE = "redis://127.0.0.1:1"
THREE = RateLimit(3, per=60)


class RateLimiterContract:
    """Cases for a fixture `cache`."""

    async def test_more_than_the_limit_is_refused(self, cache: Cache) -> None:
        limiter = RateLimiter(cache)
        refusals = REGISTRY.get_sample_value("rate_limit_refusals_total") or 0
        assert await count_accepted(limiter, THREE, tries=10) == 3
        assert REGISTRY.get_sample_value("rate_limit_refusals_total") == refusals + 7
        with pytest.raises(TooManyRequestsError, match="try again in") as refused:
            await limiter.check("ip", limit=THREE)
        assert 1 <= refused.value.retry_after <= 61

    async def test_others_and_other_limits_are_counted_apart(self, cache: Cache) -> None:
        limiter = RateLimiter(cache)
        await count_accepted(limiter, THREE, tries=4)
        await limiter.check("another ip", limit=THREE)
        await limiter.check("ip", limit=RateLimit(100, per=3600))
        await count_accepted(limiter, RateLimit(1, per=1_000_000), tries=2)
        await limiter.check("ip", limit=RateLimit(1, per=1_000_000.5))

    async def test_it_passes_again_when_the_window_has_moved_on(self, cache: Cache) -> None:
        limiter, limit = RateLimiter(cache), RateLimit(1, per=0.05)
        await limiter.check("ip", limit=limit)
        await eventually(lambda: count_accepted(limiter, limit, tries=1))

    async def test_no_more_pass_when_many_ask_at_once(self, cache: Cache) -> None:
        limiter = RateLimiter(cache)
        tries = (count_accepted(limiter, THREE, tries=1) for _ in range(20))
        assert sum(await asyncio.gather(*tries)) == 3


class TestInMemory(RateLimiterContract):
    """The contract in memory."""

    @pytest.fixture
    def cache(self) -> Cache:
        return MemoryCache()


@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set")
class TestOnRedis(RateLimiterContract):
    """The contract on a real Redis."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix=f"test-{uuid4()}")
        yield cache
        await cache.close()

    @pytest.mark.parametrize(
        ("ago", "accepted"), [(45, 0), (87, 5), (112, 9), (121, 10), (-3600, 0)]
    )
    async def test_the_window_before_fades_there_too(self, ago: int, accepted: int) -> None:
        limit, prefix = RateLimit(10, per=60), f"test-{uuid4()}"
        cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix=prefix)
        server = Redis.from_url(os.environ["TEST_REDIS_URL"])
        assert await count_accepted(RateLimiter(cache), limit, tries=11) == 10
        seconds, _ = await server.time()
        name = f"{prefix}:limit:60.0:ip"
        await server.hset(name, "start", (seconds - ago) * 1000)
        assert await count_accepted(RateLimiter(cache), limit, tries=20) == accepted
        assert int(await server.hget(name, "start") or 0) < (seconds + 60) * 1000
        await server.aclose()
        await cache.close()

    async def test_two_processes_count_together(self) -> None:
        prefix = f"test-{uuid4()}"
        caches = [RedisCache(os.environ["TEST_REDIS_URL"], prefix=prefix) for _ in range(2)]
        accepted = [await count_accepted(RateLimiter(each), THREE, tries=2) for each in caches]
        for each in caches:
            await each.close()
        assert accepted == [2, 1]


async def test_everything_passes_while_redis_is_down() -> None:
    cache = RedisCache(NOWHERE, prefix="test")
    assert await count_accepted(RateLimiter(cache), RateLimit(1, per=60), tries=5) == 5
    await cache.close()


@pytest.mark.parametrize(("count", "per"), [(0, 60), (1, 0)])
def test_a_limit_that_nobody_can_keep_is_refused(count: int, per: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        RateLimit(count, per=per)
