"""The cache of a service that has no Redis: this process's memory."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any

from app.utils.cache import Cache
from app.utils.cache_store import Count


class MemoryCache(Cache):
    """Keep values in this process; the least recently used leave when there are too many."""

    def __init__(self, *, size: int = 10_000, clock: Callable[[], float] = monotonic) -> None:
        """Start empty."""
        super().__init__()
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    async def read(self, name: str) -> bytes | None:
        """Return what is stored."""
        data: bytes | None = self._find(name)
        return data

    async def read_ttl(self, name: str) -> float | None:
        """Return for how many seconds it will be stored."""
        return None if self._find(name) is None else self._entries[name][0] - self._clock()

    async def write(
        self, name: str, data: bytes, *, ttl: float, lease: str, token: str | None = None
    ) -> None:
        """Store and end the lease; with a token, only while the lease is held by it."""
        if token is None or self._find(lease) == token:
            self._keep(name, data, ttl)
            await self.remove(lease)

    async def remove(self, *names: str) -> None:
        """Forget the names."""
        for name in names:
            self._entries.pop(name, None)

    async def acquire(self, name: str, *, token: str, ttl: float) -> bool:
        """Hold the name by a token for `ttl` seconds; False when another one does."""
        holder = self._find(name)
        if holder is None:
            self._keep(name, token, ttl)
        return holder in {None, token}

    async def release(self, name: str, *, token: str) -> None:
        """Let go of the name if this token still holds it."""
        if self._find(name) == token:
            await self.remove(name)

    async def count(self, name: str, *, limit: int, per: float) -> Count | None:
        """Count one more in a sliding window of `per` seconds, unless the limit is reached."""
        now = self._clock()
        start, previous, current = self._find(name) or (now, 0, 0)
        if now >= start + 2 * per:
            start, previous, current = now, 0, 0
        elif now >= start + per:
            start, previous, current = start + per, current, 0
        elapsed = (now - start) / per
        accepted = previous * (1 - elapsed) + current < limit
        if accepted:
            self._keep(name, (start, previous, current + 1), 2 * per)
        return Count(accepted, previous, current, elapsed)

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Stop computing, and forget everything."""
        await super().close()
        self._entries.clear()

    def _find(self, name: str) -> Any:
        expires, kept = self._entries.get(name, (0.0, None))
        if kept is None or expires <= self._clock():
            self._entries.pop(name, None)
            return None
        self._entries.move_to_end(name)
        return kept

    def _keep(self, name: str, kept: Any, ttl: float) -> None:
        self._entries[name] = (self._clock() + ttl, kept)
        self._entries.move_to_end(name)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
