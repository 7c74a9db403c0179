"""The cache, in memory and on Redis."""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.services.memory_cache import MemoryCache
from app.services.redis import RedisCache
from app.utils.cache import Cache
from tests.cache_contract import CacheContract


class TestMemoryCache(CacheContract):
    """The contract in memory."""

    @pytest.fixture
    def cache(self) -> Cache:
        return MemoryCache()

    async def test_the_least_recently_used_leaves_when_there_are_too_many(self) -> None:
        cache = MemoryCache(size=2)
        await cache.set("a", "a", ttl=60)
        await cache.set("b", "b", ttl=60)
        assert await cache.get("a") == "a"
        await cache.set("c", "c", ttl=60)
        assert [await cache.get(key) for key in "abc"] == ["a", None, "c"]


@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set")
class TestRedisCache(CacheContract):
    """The contract on a real Redis."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix=f"test-{uuid4()}")
        yield cache
        await cache.close()
