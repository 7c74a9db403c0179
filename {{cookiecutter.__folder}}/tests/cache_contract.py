"""What every cache must do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field

from app.utils.cache import Cache


class Thing(BaseModel):
    """A model whose JSON for clients is not what it is read from."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    made_at: datetime
    size: int = Field(default=1, serialization_alias="Size")

    @computed_field
    def double(self) -> int:
        return 2 * self.size


THING = Thing(id=uuid4(), made_at=datetime(2026, 1, 2, tzinfo=UTC))
PATIENCE_SECONDS = 5.0


class Computation:
    """A computation that says when it has begun, and ends when the test wants it to."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.runs = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> Any:
        self.runs += 1
        self.begun.set()
        await self.ended.wait()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def finished(value: Any) -> Computation:
    """A computation that ends at once."""
    computation = Computation(value)
    computation.ended.set()
    return computation


async def eventually(happens: Callable[[], Awaitable[object]]) -> None:
    """Ask until it is so; the test fails when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.001)


class CacheContract:
    """Cases for a fixture `cache`; each implementation's test class inherits them."""

    async def test_a_value_that_was_never_set_is_a_miss(self, cache: Cache) -> None:
        assert await cache.get("never") is None
        assert await cache.ttl("never") is None

    async def test_a_json_value_comes_back(self, cache: Cache) -> None:
        await cache.set("key", {"list": [1, "ü"]}, ttl=60)
        assert await cache.get("key") == {"list": [1, "ü"]}

    async def test_a_model_comes_back_as_what_it_was(self, cache: Cache) -> None:
        await cache.set("one", THING, ttl=60)
        await cache.set("many", [THING], ttl=60)
        assert await cache.get("one", Thing) == THING
        assert await cache.get("many", list[Thing]) == [THING]

    async def test_what_another_release_stored_is_a_miss(self, cache: Cache) -> None:
        await cache.set("key", {"name": "of old"}, ttl=60)
        assert await cache.get("key", Thing) is None
        assert await cache.fetch("key", Thing, finished(THING), ttl=60) == THING
        assert await cache.get("key", Thing) == THING

    async def test_a_value_says_how_long_it_will_be_there(self, cache: Cache) -> None:
        await cache.set("key", 1, ttl=60)
        assert 50 < (await cache.ttl("key") or 0) <= 60

    async def test_a_value_is_forgotten_when_its_time_is_over(self, cache: Cache) -> None:
        await cache.set("key", 1, ttl=0.01)

        async def is_gone() -> bool:
            return await cache.get("key") is None

        await eventually(is_gone)
        assert await cache.ttl("key") is None

    async def test_deleted_values_are_misses(self, cache: Cache) -> None:
        await cache.delete()
        for key in "abc":
            await cache.set(key, key, ttl=60)
        await cache.delete("a", "b", "never")
        assert [await cache.get(key) for key in "abc"] == [None, None, "c"]

    async def test_one_of_two_gets_a_claim(self, cache: Cache) -> None:
        assert await cache.claim("job", ttl=60)
        assert not await cache.claim("job", ttl=60)

    async def test_who_asks_again_for_what_he_holds_still_has_it(self, cache: Cache) -> None:
        assert await cache.acquire("name", token="mine", ttl=60)
        assert await cache.acquire("name", token="mine", ttl=60)
        assert not await cache.acquire("name", token="other", ttl=60)
        await cache.release("name", token="other")
        assert not await cache.acquire("name", token="other", ttl=60)

    async def test_one_of_two_gets_a_lock_until_the_block_ends(self, cache: Cache) -> None:
        async with cache.lock("report", ttl=60) as first, cache.lock("report", ttl=60) as second:
            assert (first, second) == (True, False)
        async with cache.lock("report", ttl=60) as third:
            assert third

    async def test_a_lock_is_released_when_the_block_fails(self, cache: Cache) -> None:
        with pytest.raises(ZeroDivisionError):
            async with cache.lock("report", ttl=60):
                _ = 1 / 0
        async with cache.lock("report", ttl=60) as held:
            assert held

    async def test_a_lock_whose_time_was_over_leaves_the_next_one_alone(self, cache: Cache) -> None:
        async with AsyncExitStack() as next_one:
            async with cache.lock("report", ttl=0.01):
                await eventually(lambda: next_one.enter_async_context(cache.lock("report", ttl=60)))
            async with cache.lock("report", ttl=60) as held:
                assert not held

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
