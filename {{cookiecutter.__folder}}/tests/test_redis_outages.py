"""Redis that is down or hangs: a miss and one log line, never an error."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError, OutOfMemoryError, ReadOnlyError

from app.core.errors import StartupError
from app.services import redis_client
from app.services.redis import RedisCache
from app.services.redis_client import RedisClient
from tests.computation import finished
from tests.redis_kit import BACK, DOWN, RedisFixtures, on_redis
from tests.redis_way import NOWHERE, Way


class TestRedisThatIsDown(RedisFixtures):
    """Nothing listens."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[RedisCache]:
        cache = RedisCache(NOWHERE, prefix="test")
        yield cache
        await cache.close()

    async def test_everything_is_a_miss_and_one_log_line(
        self, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", 1, ttl=60)
        await cache.delete("key")
        assert await cache.get("key") is None
        assert await cache.ttl("key") is None
        assert not await cache.claim("job", ttl=60)
        async with cache.lock("report", ttl=60) as held:
            assert not held
        assert log.messages == [DOWN]

    async def test_nobody_waits_for_a_computation(self, cache: RedisCache) -> None:
        async with asyncio.timeout(0.5):
            assert await cache.fetch("key", int, finished(7), ttl=60) == 7

    async def test_its_probe_says_so(self, cache: RedisCache) -> None:
        with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
            await cache.ping()


async def test_its_refusal_is_one_sentence_whoever_meets_it_first() -> None:
    async def write() -> None:
        raise AuthenticationError("invalid username-password pair")

    client = RedisClient(NOWHERE)
    for asking in (client.check, client.ping):
        with pytest.raises(StartupError, match=r"^REDIS_URL: Redis does not let us in: invalid"):
            await asking(write)


class TestRedisThatIsBackAndFull(RedisFixtures):
    """It answers, and takes no writes."""

    async def test_it_is_asked_again(
        self, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
    ) -> None:
        async def write() -> None:
            raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")

        monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 0.0)
        client = RedisClient(NOWHERE)
        assert await client.ask("PING", client.redis.ping) is None
        client.probe = write
        assert await client.ask("GET", finished(b"value")) is None
        assert client.available
        assert await client.ask("GET", finished(b"value")) == b"value"
        assert log.messages[-1] == BACK


class TestRedisThatHangs(RedisFixtures):
    """It takes connections, and never answers."""

    @pytest.fixture
    async def way(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Way]:
        monkeypatch.setattr(redis_client, "TIMEOUT_SECONDS", 0.1)
        way = Way()
        way.blocked = True
        await way.mend()
        yield way
        await way.cut()

    async def test_only_the_first_request_waits(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(100):
            assert await cache.get("key") is None
        assert cache.operations == {"failed": 1, "skipped": 99}
        assert way.connections == 1
        assert log.messages == [DOWN]

    async def test_after_a_pause_one_request_tries_for_all(
        self, way: Way, cache: RedisCache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 0)
        await cache.get("key")
        await asyncio.gather(*(cache.get("key") for _ in range(10)))
        assert way.connections == 2

    async def test_its_probe_really_asks_every_time(self, way: Way, cache: RedisCache) -> None:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await cache.ping()
        assert way.connections == 2


@on_redis
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server to demote")
class TestRedisThatBecomesAReplica(RedisFixtures):
    """A failover: it answers reads and refuses writes, and another server takes its place."""

    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis_client, "PAUSE_SECONDS", 0)
        monkeypatch.setattr(redis_client, "TIMEOUT_SECONDS", 10)

    @pytest.fixture
    async def way(self, tmp_path: Path) -> AsyncIterator[Way]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        options = ("--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", str(tmp_path))
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec("redis-server", *options, stdout=quiet)
        starting = Retry(ConstantBackoff(0.05), 600)
        self.server = Redis(host="127.0.0.1", port=int(port), retry=starting)
        await self.server.ping()
        way = Way()
        self.successor = way.target
        way.target = urlsplit(f"redis://127.0.0.1:{port}/0")
        await way.mend()
        yield way
        await way.cut()
        await self.server.aclose()
        process.terminate()
        await process.wait()

    async def demote(self) -> None:
        await self.server.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call] # the library has no types for it

    async def test_it_is_down_until_another_takes_writes(
        self, way: Way, cache: RedisCache, log: pytest.LogCaptureFixture
    ) -> None:
        await cache.set("key", "old", ttl=60)
        await self.demote()
        await cache.set("key", "new", ttl=60)
        for _ in range(3):
            assert await cache.get("key") is None, "what it has is old"
        way.target = self.successor
        await cache.set("key", "new", ttl=60)
        assert await cache.get("key") == "new"
        assert log.messages == [DOWN, BACK]

    async def test_its_probe_writes(self, way: Way, cache: RedisCache) -> None:
        await cache.ping()
        await self.demote()
        with pytest.raises(ReadOnlyError):
            await cache.ping()
        way.target = self.successor
        await cache.ping()
