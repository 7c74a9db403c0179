"""The rate limiter: one window for all processes, in memory and on Redis."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from app.core.errors import TooManyRequestsError
from app.services.memory_cache import MemoryCache
from app.services.rate_limiter import RateLimit, RateLimiter
from app.services.redis import RedisCache
from app.utils.cache import Cache
from tests.cache_kit import eventually

NOWHERE = "redis://127.0.0.1:1"
THREE = RateLimit(3, per=60)


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.seconds = 600.0

    def __call__(self) -> float:
        return self.seconds


async def count_accepted(limiter: RateLimiter, limit: RateLimit, *, tries: int) -> int:
    accepted = 0
    for _ in range(tries):
        try:
            await limiter.check("ip", limit=limit)
        except TooManyRequestsError:
            continue
        accepted += 1
    return accepted


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


class TestWindow:
    """How the window moves, by a clock that stands still."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def cache(self, clock: Clock) -> Cache:
        return MemoryCache(clock=clock)

    async def test_the_window_before_counts_for_the_part_that_is_still_in_sight(
        self, cache: Cache, clock: Clock
    ) -> None:
        limiter, limit = RateLimiter(cache), RateLimit(10, per=60)
        assert await count_accepted(limiter, limit, tries=20) == 10
        clock.seconds += 60 + 30  # half of the ten are still in sight
        assert await count_accepted(limiter, limit, tries=20) == 5
        clock.seconds += 2 * 60
        assert await count_accepted(limiter, limit, tries=20) == 10

    @pytest.mark.parametrize("later", [0, 59, 60, 61, 75, 110])
    async def test_who_comes_back_when_told_to_is_let_in(
        self, cache: Cache, clock: Clock, later: int
    ) -> None:
        limiter = RateLimiter(cache)
        await count_accepted(limiter, THREE, tries=4)
        clock.seconds += later
        await count_accepted(limiter, THREE, tries=4)
        with pytest.raises(TooManyRequestsError) as refused:
            await limiter.check("ip", limit=THREE)
        clock.seconds += refused.value.retry_after
        await limiter.check("ip", limit=THREE)


@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set")
class TestOnRedis(RateLimiterContract):
    """The contract on a real Redis."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix=f"test-{uuid4()}")
        yield cache
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
