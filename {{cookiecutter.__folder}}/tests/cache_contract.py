"""What every cache must do."""

from contextlib import AsyncExitStack

import pytest

from app.utils.cache import Cache
from tests.cache_kit import THING, Thing, eventually
from tests.computation import finished
from tests.fetch_contract import FetchContract


class CacheContract(FetchContract):
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
