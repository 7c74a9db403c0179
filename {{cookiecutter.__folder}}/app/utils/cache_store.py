"""What a store of the cache has to do: whatever `Cache` is built on."""

from abc import ABC, abstractmethod
from typing import NamedTuple


class Count(NamedTuple):
    """What a sliding window holds after somebody asked to be counted."""

    accepted: bool
    previous: int
    current: int
    elapsed: float
    """How much of the current window is over, from 0 to 1."""


class CacheStore(ABC):
    """What a store has to do for `Cache`; while its server is down, nothing is found or kept."""

    @property
    def available(self) -> bool:
        """Tell whether the store answered lately."""
        return True

    @abstractmethod
    async def read(self, name: str) -> bytes | None:
        """Return what is stored."""

    @abstractmethod
    async def read_ttl(self, name: str) -> float | None:
        """Return for how many seconds it will be stored."""

    @abstractmethod
    async def write(
        self, name: str, data: bytes, *, ttl: float, lease: str, token: str | None = None
    ) -> None:
        """Store and end the lease; with a token, only while the lease is held by it."""

    @abstractmethod
    async def remove(self, *names: str) -> None:
        """Forget the names."""

    @abstractmethod
    async def acquire(self, name: str, *, token: str, ttl: float) -> bool:
        """Hold the name by a token for `ttl` seconds; False when it could not be had."""

    @abstractmethod
    async def release(self, name: str, *, token: str) -> None:
        """Let go of the name if this token still holds it."""

    @abstractmethod
    async def count(self, name: str, *, limit: int, per: float) -> Count | None:
        """Count one more in a sliding window of `per` seconds, unless the limit is reached."""
