"""What every cache must do."""

import asyncio

from app.utils.cache import Cache


class CacheContract:
    """Cases for a fixture `cache`; each implementation's test class inherits them."""

    async def test_a_value_that_was_never_set_is_a_miss(self, cache: Cache) -> None:
        assert await cache.get("never") is None

    async def test_a_json_value_comes_back(self, cache: Cache) -> None:
        await cache.set("key", {"list": [1, "ü"]}, ttl=60)
        assert await cache.get("key") == {"list": [1, "ü"]}

    async def test_a_value_is_forgotten_when_its_time_is_over(self, cache: Cache) -> None:
        await cache.set("key", 1, ttl=0.01)
        await asyncio.sleep(0.05)
        assert await cache.get("key") is None

    async def test_a_deleted_value_is_a_miss(self, cache: Cache) -> None:
        await cache.set("key", 1, ttl=60)
        await cache.delete("key")
        assert await cache.get("key") is None

    async def test_one_of_two_gets_a_claim(self, cache: Cache) -> None:
        assert await cache.claim("job", ttl=60)
        assert not await cache.claim("job", ttl=60)

    async def test_a_missing_value_is_computed_once_for_all_who_ask(self, cache: Cache) -> None:
        computed = 0

        async def compute() -> int:
            nonlocal computed
            computed += 1
            await asyncio.sleep(0.01)
            return computed

        answers = await asyncio.gather(*(cache.fetch("key", compute, ttl=60) for _ in range(10)))
        assert answers == [1] * 10
        assert await cache.fetch("key", compute, ttl=60) == 1
