"""Redis shared by processes: what one of them computes, deletes and locks, counts for all."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.services.redis import RedisCache
from tests.computation import Computation, finished
from tests.redis_kit import on_redis

Pair = tuple[RedisCache, RedisCache]


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
