"""The cache of a service that has no Redis: this process's memory."""

import time
from collections.abc import Callable

from app.utils.cache import Cache


class MemoryCache(Cache):
    """Keep values in this process; the oldest leave when there are more than `size`."""

    def __init__(self, *, size: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        super().__init__()
        self._size = size
        self._clock = clock
        self._entries: dict[str, tuple[float, str]] = {}

    async def read(self, key: str) -> str | None:
        """Return the stored text, or None on a miss."""
        expires, text = self._entries.get(key, (0.0, ""))
        if expires > self._clock():
            return text
        self._entries.pop(key, None)
        return None

    async def write(self, key: str, text: str, *, ttl: float) -> None:
        """Store the text for `ttl` seconds."""
        self._entries.pop(key, None)
        self._entries[key] = (self._clock() + ttl, text)
        if len(self._entries) > self._size:
            del self._entries[next(iter(self._entries))]

    async def delete(self, key: str) -> None:
        """Forget the key."""
        self._entries.pop(key, None)

    async def claim(self, key: str, *, ttl: float) -> bool:
        """Take the key for `ttl` seconds unless somebody in this process has it."""
        if await self.read(key) is not None:
            return False
        await self.write(key, "claimed", ttl=ttl)
        return True

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
