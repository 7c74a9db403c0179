"""A client of Redis for those who can do without: while it is down, nothing waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    ClusterCrossSlotError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from app.core.errors import StartupError
from app.core.redis_url import read_redis_url
from app.core.tls import explain_refusal as describe_certificate
from app.core.tracing import trace_call
from app.services.redis_pool import open_pool
from app.utils.logger import Logger

logger = Logger(__name__)

T = TypeVar("T")

# A cache that answers slower than this is worth less than none.
TIMEOUT_SECONDS = 1.0
# While Redis is down, one request in so many seconds asks it, and the others do without at once.
PAUSE_SECONDS = 1.0
# Removals that Redis did not hear are made up for; more than this are left to their time to live.
MISSED = 10_000
CLUSTER = "SELECT is not allowed in cluster mode"


class RedisClient:
    """Ask Redis, and notice when it is down and when it is back."""

    def __init__(self, url: str) -> None:
        """Prepare, without connecting yet; raises StartupError for a URL that makes no sense."""
        try:
            parts = read_redis_url(url)
        except ValueError as error:
            raise StartupError(f"REDIS_URL: {error}") from error
        self._own_timeout: float | None = parts.options.get("socket_timeout")
        self.redis = Redis.from_pool(open_pool(parts, self._timeout))
        self.operations: Counter[str] = Counter()
        """How many commands were answered, refused, failed, or skipped while it is down."""
        self._retry_at: float | None = None
        self.probe: Callable[[], Awaitable[object]] = self.redis.ping
        """What shows that it is back."""
        self._missed: set[str] = set()
        self._refusals: set[str] = set()

    @property
    def available(self) -> bool:
        """Tell whether Redis answered lately."""
        return self._retry_at is None

    @property
    def _timeout(self) -> float:
        """How many seconds an answer may take."""
        return self._own_timeout or TIMEOUT_SECONDS

    async def ping(self, write: Callable[[], Awaitable[object]]) -> None:
        """Raise RedisError or OSError when the server does not answer, or takes no write.

        Raises StartupError, one sentence, when it answers and will never let us in.
        """
        async with asyncio.timeout(self._timeout):
            try:
                await write()
            except (RedisError, OSError) as error:
                if isinstance(error, ResponseError) and is_outage(error):
                    await self._leave()
                if reason := explain_refusal(error):
                    raise StartupError(f"REDIS_URL: {reason}") from error
                raise

    async def check(self, write: Callable[[], Awaitable[object]]) -> None:
        """Raise StartupError when `ping` does; one that does not answer is noted as down."""
        try:
            await self.ping(write)
        except (RedisError, OSError) as error:
            self._note_down(error)

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
            async with asyncio.timeout(self._timeout):
                if trying:
                    # A replica answers reads, which does not prove that the master is back.
                    await self.probe()
                await self._make_up_for_missed()
                with trace_call(name, {"db.system.name": "redis", "db.operation.name": name}):
                    answer = await command()
        except ResponseError as error:
            if is_outage(error):
                self.operations["failed"] += 1
                self._note_down(error)
                await self._leave()
                return None
            self.operations["refused"] += 1
            self._note_refusal(error)
            if trying:
                self._note_back()
            return None
        except (RedisError, OSError) as error:
            self.operations["failed"] += 1
            self._note_down(error)
            return None
        self.operations["answered"] += 1
        if trying:
            self._note_back()
        return answer

    def _may_try(self) -> bool:
        now = monotonic()
        if self._retry_at is not None and now < self._retry_at:
            return False
        # The others go on without until this one has its answer.
        self._retry_at = now + self._timeout + PAUSE_SECONDS
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

    def _note_back(self) -> None:
        """Ask it again from now on: it answers, if only to refuse."""
        self._retry_at = None
        logger.info("redis is back")

    def _note_down(self, error: Exception) -> None:
        if self._retry_at is None:
            reason = str(error) or f"no answer within {self._timeout:g} s"
            logger.warning("redis is down, reading it as empty", error=reason)
        self._retry_at = monotonic() + PAUSE_SECONDS

    async def _leave(self) -> None:
        """Close the idle connections: new ones may lead to a server that takes writes."""
        with suppress(RedisError, OSError):
            await self.redis.connection_pool.disconnect(inuse_connections=False)

    def _note_refusal(self, error: ResponseError) -> None:
        """Log once of each kind: it answers, so it is not down, but memory is full or the like."""
        kind = type(error).__name__
        if kind not in self._refusals:
            logger.warning("redis refuses, reading it as empty", error=f"{kind}: {error}")
            self._refusals.add(kind)


def is_outage(error: ResponseError) -> bool:
    """Tell whether the server says that it is a replica, or cannot answer now."""
    # Before Redis 7 a script's error has the code in its text; a long script keeps Redis busy.
    words = str(error)
    kinds = ReadOnlyError | ClusterDownError
    return isinstance(error, kinds) or " -READONLY " in words or words.startswith("BUSY ")


def explain_refusal(error: Exception) -> str | None:
    """Return in one sentence why it will not help to ask again, or None when it may."""
    if refusal := describe_certificate(error):
        return refusal
    if isinstance(error, ClusterCrossSlotError | MovedError) or CLUSTER in str(error):
        return (
            "this Redis is in cluster mode, where keys that belong together lie apart: "
            "point it at a single server, or at one behind sentinels"
        )
    if isinstance(error, AuthenticationError | NoPermissionError) or "DB index" in str(error):
        return f"Redis does not let us in: {error}"
    return None
