"""A client of Redis for those who can do without: while it is down, nothing waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
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


class RedisClient:
    """Ask Redis, and notice when it is down and when it is back."""

    def __init__(self, url: str) -> None:
        """Prepare, without connecting yet; raises StartupError for a URL that makes no sense."""
        self.redis = Redis.from_pool(open_pool(url))
        self.operations: Counter[str] = Counter()
        """How many commands were answered, refused, failed, or skipped while it is down."""
        self._retry_at: float | None = None
        self._missed: set[str] = set()
        self._refusals: set[str] = set()

    @property
    def available(self) -> bool:
        """Tell whether Redis answered lately."""
        return self._retry_at is None

    async def ping(self) -> None:
        """Raise RedisError or OSError when the server does not answer."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self.redis.echo("ping")

    async def close(self) -> None:
        """Close the connections."""
        with suppress(RedisError, OSError):
            await self.redis.aclose()

    async def delete(self, keys: Collection[str]) -> None:
        """Delete keys, at once or as soon as Redis is back."""
        removed = await self.ask("DEL", lambda: self.redis.delete(*keys))
        if removed is None and len(self._missed) < MISSED:
            self._missed.update(keys)

    async def ask(self, name: str, command: Callable[[], Awaitable[T]]) -> T | None:
        """Return what Redis answers to the command of this name, or None when it does not."""
        trying = self._retry_at is not None
        if trying and not self._may_try():
            self.operations["skipped"] += 1
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._make_up_for_missed()
                with trace_call(name, {"db.system.name": "redis", "db.operation.name": name}):
                    answer = await command()
        except ResponseError as error:
            self.operations["refused"] += 1
            self._note_refusal(error)
            return None
        except (RedisError, OSError) as error:
            self.operations["failed"] += 1
            self._note_down(error)
            return None
        self.operations["answered"] += 1
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
            await self.redis.delete(*missed)
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


def open_pool(url: str) -> BlockingConnectionPool:
    """Return the connections of a client; raises StartupError for a URL that makes no sense."""
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
