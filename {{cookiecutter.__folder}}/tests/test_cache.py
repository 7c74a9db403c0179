"""The cache, in memory and on Redis."""

import logging
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.services.memory_cache import MemoryCache
from app.services.redis import RedisCache
from app.utils.cache import Cache
from tests.cache_contract import CacheContract

NOWHERE = "redis://127.0.0.1:1"


class TestMemoryCache(CacheContract):
    """The contract in memory."""

    @pytest.fixture
    def cache(self) -> Cache:
        return MemoryCache()

    async def test_the_oldest_value_leaves_when_there_are_too_many(self) -> None:
        cache = MemoryCache(size=2)
        for key in "abc":
            await cache.set(key, key, ttl=60)
        assert [await cache.get(key) for key in "abc"] == [None, "b", "c"]


@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set")
class TestRedisCache(CacheContract):
    """The contract on a real Redis."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix=f"test-{uuid4()}")
        yield cache
        await cache.close()


class TestRedisThatIsDown:
    """Down means a miss and one log line, never an error."""

    async def test_every_read_is_a_miss(self, caplog: pytest.LogCaptureFixture) -> None:
        cache = RedisCache(NOWHERE, prefix="test")
        with caplog.at_level(logging.WARNING):
            await cache.set("key", 1, ttl=60)
            assert await cache.get("key") is None
            await cache.delete("key")
        await cache.close()
        assert [record.getMessage() for record in caplog.records] == [
            "redis is down, reading it as empty"
        ]

    async def test_its_probe_says_so(self) -> None:
        cache = RedisCache(NOWHERE, prefix="test")
        with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
            await cache.ping()
        await cache.close()
