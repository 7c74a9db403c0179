"""What tests of Redis that fails share: a way to it, a cache, and what is logged."""

import logging
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.services.redis import RedisCache
from tests.redis_way import Way

DOWN = "redis is down, reading it as empty"
BACK = "redis is back"

on_redis = pytest.mark.skipif(
    "TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set"
)


class RedisFixtures:
    """A way to Redis, a cache that goes there by it, and what is logged."""

    @pytest.fixture
    async def way(self) -> AsyncIterator[Way]:
        way = Way()
        await way.mend()
        yield way
        await way.cut()

    @pytest.fixture
    async def cache(self, way: Way) -> AsyncIterator[RedisCache]:
        cache = RedisCache(way.url, prefix=f"test-{uuid4()}")
        yield cache
        await cache.close()

    @pytest.fixture
    def log(self, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
        caplog.set_level(logging.INFO)
        return caplog
