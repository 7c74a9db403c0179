"""What every cache must do when it computes what is missing."""

import asyncio

import pytest

from app.utils.cache import Cache
from tests.cache_kit import PATIENCE_SECONDS, Thing
from tests.computation import Computation, finished


class FetchContract:
    """A part of the contract of caches, which has the fixture."""

    async def test_a_missing_value_is_computed_once_for_all_who_ask(self, cache: Cache) -> None:
        computation = Computation(7)
        asking = [
            asyncio.create_task(cache.fetch("key", int, computation, ttl=60)) for _ in range(10)
        ]
        await computation.begun.wait()
        computation.ended.set()
        assert await asyncio.gather(*asking) == [7] * 10
        assert await cache.fetch("key", int, computation, ttl=60) == 7
        assert computation.runs == 1

    async def test_that_there_is_nothing_is_remembered_too(self, cache: Cache) -> None:
        nothing = finished(None)
        assert await cache.fetch("key", Thing, nothing, ttl=60) is None
        assert await cache.fetch("key", Thing, nothing, ttl=60) is None
        assert nothing.runs == 1

    async def test_an_error_reaches_all_who_wait_and_is_not_kept(self, cache: Cache) -> None:
        failing = Computation(LookupError("no such thing"))
        asking = [asyncio.create_task(cache.fetch("key", int, failing, ttl=60)) for _ in range(2)]
        await failing.begun.wait()
        failing.ended.set()
        for each in asking:
            with pytest.raises(LookupError, match="no such thing"):
                await each
        assert await cache.fetch("key", int, finished(7), ttl=60) == 7

    async def test_a_caller_that_gives_up_does_not_fail_the_others(self, cache: Cache) -> None:
        computation = Computation(7)
        impatient = asyncio.create_task(cache.fetch("key", int, computation, ttl=60))
        patient = asyncio.create_task(cache.fetch("key", int, computation, ttl=60))
        await computation.begun.wait()
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        computation.ended.set()
        assert await patient == 7

    async def test_what_was_computed_before_a_deletion_is_not_stored(self, cache: Cache) -> None:
        old = Computation("old")
        asking = asyncio.create_task(cache.fetch("key", str, old, ttl=60))
        await old.begun.wait()
        await cache.delete("key")
        old.ended.set()
        assert await asking == "old"
        assert await cache.get("key") is None

    async def test_who_asks_after_a_deletion_does_not_get_what_was_before(
        self, cache: Cache
    ) -> None:
        old = Computation("old")
        asking = asyncio.create_task(cache.fetch("key", str, old, ttl=60))
        await old.begun.wait()
        await cache.delete("key")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await cache.fetch("key", str, finished("new"), ttl=60) == "new"
        old.ended.set()
        assert await asking == "old"
        assert await cache.get("key") == "new"

    async def test_a_value_that_was_set_is_not_replaced_by_an_older_one(self, cache: Cache) -> None:
        old = Computation("old")
        asking = asyncio.create_task(cache.fetch("key", str, old, ttl=60))
        await old.begun.wait()
        await cache.set("key", "new", ttl=60)
        old.ended.set()
        assert await asking == "old"
        assert await cache.get("key") == "new"
