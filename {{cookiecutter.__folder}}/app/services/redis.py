"""The cache on Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from app.core.errors import StartupError
from app.core.tracing import trace_call
from app.services.redis_scripts import ACQUIRE, COUNT, RELEASE, WRITE
from app.utils.cache import Cache, Count
from app.utils.logger import Logger

logger = Logger(__name__)

T = TypeVar("T")

# A cache that answers slower than this is worth less than none.
TIMEOUT_SECONDS = 1.0
# While Redis is down, one request in so many seconds asks it, and the others do without at once.
PAUSE_SECONDS = 1.0
# A burst of requests waits for a connection, rather than opening one each.
CONNECTIONS = 50
# Removals that Redis did not hear are made up for; more than this are left to their time to live.
MISSED = 10_000


class RedisCache(Cache):
    """Keep values on a Redis server; while it is down, every read is a miss."""

    def __init__(self, url: str, *, prefix: str) -> None:
        """Prepare a client, without connecting yet; keys are stored behind `prefix`.

        Raises StartupError for a URL that makes no sense.
        """
        super().__init__()
        self._client = Redis.from_pool(_open_pool(url))
        self._write = self._client.register_script(WRITE)
        self._acquire = self._client.register_script(ACQUIRE)
        self._release = self._client.register_script(RELEASE)
        self._count = self._client.register_script(COUNT)
        self._prefix = prefix
        self._retry_at: float | None = None
        self._missed: set[str] = set()
        self._refusals: set[str] = set()

    @property
    def available(self) -> bool:
        """Tell whether Redis answered lately."""
        return self._retry_at is None

    async def read(self, name: str) -> bytes | None:
        """Return what is stored, or None on a miss or when Redis is down."""
        answer = await self._ask("GET", lambda: self._client.get(self._name(name)))
        return answer if isinstance(answer, bytes) else None

    async def read_ttl(self, name: str) -> float | None:
        """Return for how many seconds it will be stored, or None when it is not."""
        milliseconds = await self._ask("PTTL", lambda: self._client.pttl(self._name(name)))
        # Redis says -2 when there is no such key.
        return None if milliseconds is None or milliseconds < 0 else milliseconds / 1000

    async def write(
        self, name: str, data: bytes, *, ttl: float, lease: str, token: str | None = None
    ) -> None:
        """Store and end the lease; with a token, only while the lease is held by it."""
        names = [self._name(name), self._name(lease)]
        await self._ask(
            "EVALSHA", lambda: self._write(names, [data, _milliseconds(ttl), token or ""])
        )

    async def remove(self, *names: str) -> None:
        """Forget the names, at once or as soon as Redis is back."""
        full = [self._name(name) for name in names]
        removed = await self._ask("DEL", lambda: self._client.delete(*full))
        if removed is None and len(self._missed) < MISSED:
            self._missed.update(full)

    async def acquire(self, name: str, *, token: str, ttl: float) -> bool:
        """Hold the name by a token; False when another one does or Redis is down."""
        names = [self._name(name)]
        held = self._ask("EVALSHA", lambda: self._acquire(names, [token, _milliseconds(ttl)]))
        return bool(await held)

    async def release(self, name: str, *, token: str) -> None:
        """Let go of the name if this token still holds it."""
        await self._ask("EVALSHA", lambda: self._release([self._name(name)], [token]))

    async def count(self, name: str, *, limit: int, per: float) -> Count | None:
        """Count one more in a sliding window, unless the limit is reached or Redis is down."""
        answer = await self._ask(
            "EVALSHA", lambda: self._count([self._name(name)], [limit, _milliseconds(per)])
        )
        if answer is None:
            return None
        accepted, previous, current, elapsed = answer
        return Count(bool(accepted), previous, current, float(elapsed))

    async def ping(self) -> None:
        """Raise RedisError or OSError when the server does not answer."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self._client.echo("ping")

    async def close(self) -> None:
        """Stop computing, and close the connections."""
        await super().close()
        with suppress(RedisError, OSError):
            await self._client.aclose()

    def _name(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    async def _ask(self, name: str, command: Callable[[], Awaitable[T]]) -> T | None:
        """Return what Redis answers, or None when it does not."""
        trying = self._retry_at is not None
        if trying and not self._may_try():
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._make_up_for_missed()
                with trace_call(name, {"db.system.name": "redis", "db.operation.name": name}):
                    answer = await command()
        except ResponseError as error:
            self._note_refusal(error)
            return None
        except (RedisError, OSError) as error:
            self._note_down(error)
            return None
        if trying:
            self._retry_at = None
            logger.info("redis is back")
        return answer

    def _may_try(self) -> bool:
        now = monotonic()
        if self._retry_at is not None and now < self._retry_at:
            return False
        # The others go on without until this one has its answer.
        self._retry_at = now + TIMEOUT_SECONDS + PAUSE_SECONDS
        return True

    async def _make_up_for_missed(self) -> None:
        """Remove what could not be removed while Redis was down, before anything is read."""
        if not self._missed:
            return
        missed, self._missed = self._missed, set()
        try:
            await self._client.delete(*missed)
        except BaseException:
            self._missed |= missed
            raise

    def _note_down(self, error: Exception) -> None:
        if self._retry_at is None:
            reason = str(error) or f"no answer within {TIMEOUT_SECONDS:g} s"
            logger.warning("redis is down, reading it as empty", error=reason)
        self._retry_at = monotonic() + PAUSE_SECONDS

    def _note_refusal(self, error: ResponseError) -> None:
        """Log once of each kind: it answers, so it is not down, but memory is full or the like."""
        kind = type(error).__name__
        if kind not in self._refusals:
            logger.warning("redis refuses, reading it as empty", error=f"{kind}: {error}")
            self._refusals.add(kind)


def _open_pool(url: str) -> BlockingConnectionPool:
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # A connection that Redis closed meanwhile is no outage.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        # An option that does not exist would come out with the first request otherwise.
        pool.make_connection()  # type: ignore[no-untyped-call] # the library has no types for it
    except (RedisError, TypeError, ValueError) as error:
        raise StartupError("REDIS_URL: no such address or option") from error
    return pool


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
