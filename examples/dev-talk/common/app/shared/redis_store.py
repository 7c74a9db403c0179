"""The store on Redis, under keys that begin with the system's name."""

from time import monotonic
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from app.core.errors import UnavailableError
from app.shared.store import Store

PREFIX = "dev-talk:"
# Requests wait for it, so it must not take long to find out that it is down.
TIMEOUT_SECONDS = 1.0
# While it is down, one caller in so many seconds asks it, and the others are refused at once.
PAUSE_SECONDS = 1.0
CONNECTIONS = 50

# KEYS: name. ARGV: old value, new value, milliseconds.
SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
# KEYS: name. ARGV: number, milliseconds.
RAISE = """
local kept = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1], string.format('%.0f', math.max(kept, tonumber(ARGV[1]))), 'PX', ARGV[2])
return 1
"""
# KEYS: name. ARGV: member, milliseconds.
ADD = """
redis.call('SADD', KEYS[1], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class RedisStore(Store):
    """Keep everything on a server that all services know."""

    def __init__(self, url: str) -> None:
        """Prepare a client, without connecting yet."""
        self._redis = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=TIMEOUT_SECONDS,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                decode_responses=True,
                # A connection that Redis closed meanwhile is no outage.
                retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            )
        )
        self._swap = self._redis.register_script(SWAP)
        self._raise = self._redis.register_script(RAISE)
        self._add = self._redis.register_script(ADD)
        self._ask_again_at = 0.0

    async def read(self, *keys: str) -> list[str | None]:
        """Return what is kept under each key."""
        values: list[str | None] = await self._ask(self._redis.mget([PREFIX + key for key in keys]))
        return values

    async def write(self, key: str, value: str, *, ttl: float) -> None:
        """Keep a value."""
        await self._ask(self._redis.set(PREFIX + key, value, px=_milliseconds(ttl)))

    async def swap(self, key: str, old: str, new: str, *, ttl: float) -> bool:
        """Replace a value if it still is the old one."""
        swap = self._swap([PREFIX + key], [old, new, _milliseconds(ttl)])
        return bool(await self._ask(swap))

    async def raise_to(self, key: str, number: int, *, ttl: float) -> None:
        """Keep a number unless a larger one is kept."""
        await self._ask(self._raise([PREFIX + key], [number, _milliseconds(ttl)]))

    async def delete(self, *keys: str) -> None:
        """Forget the keys."""
        await self._ask(self._redis.delete(*(PREFIX + key for key in keys)))

    async def add(self, key: str, member: str, *, ttl: float) -> None:
        """Add a member to a set."""
        await self._ask(self._add([PREFIX + key], [member, _milliseconds(ttl)]))

    async def remove(self, key: str, *members: str) -> None:
        """Take members out of a set."""
        await self._ask(self._redis.srem(PREFIX + key, *members))

    async def list_members(self, key: str) -> set[str]:
        """Return a set."""
        members: set[str] = await self._ask(self._redis.smembers(PREFIX + key))
        return members

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _ask(self, question: Any) -> Any:
        """Return the answer; raises UnavailableError, at once while it is known to be down."""
        if monotonic() < self._ask_again_at:
            question.close()
            raise UnavailableError("the store of sessions does not answer")
        try:
            return await question
        except (RedisError, OSError) as error:
            self._ask_again_at = monotonic() + PAUSE_SECONDS
            raise UnavailableError("the store of sessions does not answer") from error


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
