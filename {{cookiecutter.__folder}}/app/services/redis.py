"""The cache on Redis."""

from app.services.redis_client import RedisClient
from app.services.redis_scripts import ACQUIRE, COUNT, RELEASE, WRITE
from app.utils.cache import Cache
from app.utils.cache_store import Count

PROBE_SECONDS = 1.0


class RedisCache(Cache):
    """Keep values on a Redis server; while it is down, every read is a miss."""

    def __init__(self, url: str, *, prefix: str) -> None:
        """Prepare a client, without connecting yet; keys are stored behind `prefix`.

        Raises StartupError for a URL that makes no sense.
        """
        super().__init__()
        self._client = RedisClient(url)
        self._client.probe = self._probe
        self.operations = self._client.operations
        redis = self._client.redis
        self._write = redis.register_script(WRITE)
        self._acquire = redis.register_script(ACQUIRE)
        self._release = redis.register_script(RELEASE)
        self._count = redis.register_script(COUNT)
        self._prefix = prefix

    @property
    def available(self) -> bool:
        """Tell whether Redis answered lately."""
        return self._client.available

    async def read(self, name: str) -> bytes | None:
        """Return what is stored, or None on a miss or when Redis is down."""
        answer = await self._client.ask("GET", lambda: self._client.redis.get(self._name(name)))
        return answer if isinstance(answer, bytes) else None

    async def read_ttl(self, name: str) -> float | None:
        """Return for how many seconds it will be stored, or None when it is not."""
        full = self._name(name)
        milliseconds = await self._client.ask("PTTL", lambda: self._client.redis.pttl(full))
        # Redis says -2 when there is no such key.
        return None if milliseconds is None or milliseconds < 0 else milliseconds / 1000

    async def write(
        self, name: str, data: bytes, *, ttl: float, lease: str, token: str | None = None
    ) -> None:
        """Store and end the lease; with a token, only while the lease is held by it."""
        names = [self._name(name), self._name(lease)]
        await self._client.ask(
            "EVALSHA", lambda: self._write(names, [data, _milliseconds(ttl), token or ""])
        )

    async def remove(self, *names: str) -> None:
        """Forget the names, at once or as soon as Redis is back."""
        await self._client.delete([self._name(name) for name in names])

    async def acquire(self, name: str, *, token: str, ttl: float) -> bool:
        """Hold the name by a token; False when another one does or Redis is down."""
        names = [self._name(name)]
        acquire = self._client.ask(
            "EVALSHA", lambda: self._acquire(names, [token, _milliseconds(ttl)])
        )
        return bool(await acquire)

    async def release(self, name: str, *, token: str) -> None:
        """Let go of the name if this token still holds it."""
        await self._client.ask("EVALSHA", lambda: self._release([self._name(name)], [token]))

    async def count(self, name: str, *, limit: int, per: float) -> Count | None:
        """Count one more in a sliding window, unless the limit is reached or Redis is down."""
        answer = await self._client.ask(
            "EVALSHA", lambda: self._count([self._name(name)], [limit, _milliseconds(per)])
        )
        if answer is None:
            return None
        accepted, previous, current, elapsed = answer
        return Count(bool(accepted), previous, current, float(elapsed))

    async def ping(self) -> None:
        """Raise RedisError, OSError or StartupError when the server cannot be used."""
        await self._client.ping(self._probe)

    async def check(self) -> None:
        """Raise StartupError when the server answers and cannot be used; one may be away."""
        await self._client.check(self._probe)

    async def close(self) -> None:
        """Stop computing, and close the connections."""
        await super().close()
        await self._client.close()

    async def _probe(self) -> None:
        """Write as the cache does: two keys in one step."""
        names = [self._name("probe"), self._name("probe:lease")]
        await self._write(names, [b"", _milliseconds(PROBE_SECONDS), ""])

    def _name(self, name: str) -> str:
        return f"{self._prefix}:{name}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
