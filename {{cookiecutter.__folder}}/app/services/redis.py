"""The cache on Redis."""

from collections.abc import Awaitable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.utils.cache import Cache
from app.utils.logger import Logger

logger = Logger(__name__)

# A cache that answers slower than this is worth less than none.
TIMEOUT_SECONDS = 1.0


class RedisCache(Cache):
    """Keep values on a Redis server; while it is down, every read is a miss."""

    def __init__(self, url: str, *, prefix: str) -> None:
        """Prepare a client, without connecting yet; keys are stored behind `prefix`."""
        super().__init__()
        self._client = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._prefix = prefix
        self._down = False

    async def read(self, key: str) -> str | None:
        """Return the stored text, or None on a miss or when Redis is down."""
        answer = await self._ask(self._client.get(self._name(key)))
        return answer if isinstance(answer, str) else None

    async def write(self, key: str, text: str, *, ttl: float) -> None:
        """Store the text for `ttl` seconds, unless Redis is down."""
        await self._ask(self._client.set(self._name(key), text, px=_milliseconds(ttl)))

    async def delete(self, key: str) -> None:
        """Forget the key, unless Redis is down."""
        await self._ask(self._client.delete(self._name(key)))

    async def claim(self, key: str, *, ttl: float) -> bool:
        """Take the key for `ttl` seconds; False when another has it or Redis is down."""
        name = self._name(key)
        return bool(
            await self._ask(self._client.set(name, "claimed", px=_milliseconds(ttl), nx=True))
        )

    async def ping(self) -> None:
        """Raise RedisError or OSError when the server does not answer."""
        await self._client.echo("ping")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{key}"

    async def _ask(self, command: Awaitable[object]) -> object:
        try:
            answer = await command
        except (RedisError, OSError) as error:
            # One line when it goes down, not one a request.
            if not self._down:
                logger.warning("redis is down, reading it as empty", error=str(error))
            self._down = True
            return None
        if self._down:
            logger.info("redis is back")
        self._down = False
        return answer


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
