"""How the window of a rate limit moves, by a clock that stands still."""

import pytest

from app.core.errors import TooManyRequestsError
from app.services.memory_cache import MemoryCache
from app.services.rate_limiter import RateLimit, RateLimiter
from app.utils.cache import Cache
from tests.rate_limiter_kit import Clock, count_accepted

THREE = RateLimit(3, per=60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return MemoryCache(clock=clock)


async def test_windows_are_counted_apart_however_long_the_process_runs(
    cache: Cache, clock: Clock
) -> None:
    limiter, limit = RateLimiter(cache), RateLimit(2, per=1)
    for clock.seconds in (1e6 + 1, 1e6 + 3, 1e9, 1e9 + 2, 1e12, 1e12 + 2):
        assert await count_accepted(limiter, limit, tries=5) == 2


async def test_a_burst_after_silence_is_held_to_the_limit_whenever_it_begins(
    cache: Cache, clock: Clock
) -> None:
    limiter, limit = RateLimiter(cache), RateLimit(10, per=60)
    for begin in (3600, 4799, 5999.5):
        clock.seconds, accepted = begin, 0
        for _ in range(11):
            accepted += await count_accepted(limiter, limit, tries=1)
            clock.seconds += 0.2
        assert accepted == 10


@pytest.mark.parametrize("earlier", [0, 1, 7])
@pytest.mark.parametrize("later", [0, 59, 60, 61, 75, 110])
async def test_what_is_said_to_be_left_is_accepted(
    cache: Cache, clock: Clock, earlier: int, later: int
) -> None:
    limiter, limit = RateLimiter(cache), RateLimit(10, per=60)
    await count_accepted(limiter, limit, tries=earlier)
    clock.seconds += later
    remaining = await limiter.check("ip", limit=limit)
    assert remaining is not None
    assert await count_accepted(limiter, limit, tries=20) == remaining.requests
    assert remaining.seconds == (60 - later % 60 if earlier else 60)


async def test_the_window_before_counts_for_the_part_that_is_still_in_sight(
    cache: Cache, clock: Clock
) -> None:
    limiter, limit = RateLimiter(cache), RateLimit(10, per=60)
    assert await count_accepted(limiter, limit, tries=20) == 10
    clock.seconds += 60 + 30  # half of the ten are still in sight
    assert await count_accepted(limiter, limit, tries=20) == 5
    clock.seconds += 2 * 60
    assert await count_accepted(limiter, limit, tries=20) == 10


@pytest.mark.parametrize("later", [0, 59, 60, 61, 75, 110])
async def test_who_comes_back_when_told_to_is_let_in(
    cache: Cache, clock: Clock, later: int
) -> None:
    limiter = RateLimiter(cache)
    await count_accepted(limiter, THREE, tries=4)
    clock.seconds += later
    await count_accepted(limiter, THREE, tries=4)
    with pytest.raises(TooManyRequestsError) as refused:
        await limiter.check("ip", limit=THREE)
    clock.seconds += refused.value.retry_after
    await limiter.check("ip", limit=THREE)
