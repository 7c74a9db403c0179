"""The cache interface: values that may vanish at any moment, and what is built on them."""

import asyncio
from abc import abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload
from uuid import uuid4

from app.utils.cache_store import CacheStore
from app.utils.cache_values import Hit, decode, encode
from app.utils.single_flight import SingleFlight

T = TypeVar("T")

# How long one process may compute before another tries, and how long the others wait for it.
LEASE_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.25

# What is counted, by outcome.
READS = ("hit", "miss")
OPERATIONS = ("answered", "failed", "refused", "skipped")


class Cache(CacheStore):
    """Keep values for a while; a value that is gone, or a server that is down, is a miss."""

    is_optional = True
    """The service is ready without it."""

    def __init__(self) -> None:
        """Start with no computation in flight, and nothing counted."""
        self._flights = SingleFlight(seconds=LEASE_SECONDS)
        self.reads: Counter[str] = Counter()
        """How many values were asked for: each was a hit or a miss."""
        self.operations: Counter[str] = Counter()
        """What became of the commands, where a server answers them."""

    @abstractmethod
    async def ping(self) -> None:
        """Raise when the server does not answer."""

    async def close(self) -> None:
        """Stop computing, and close the connections."""
        await self._flights.close()

    @overload
    async def get(self, key: str) -> Any: ...

    @overload
    async def get(self, key: str, kind: type[T]) -> T | None: ...

    async def get(self, key: str, kind: Any = Any) -> Any:
        """Return the value as a `kind`, plain JSON unless told, or None on a miss.

        A value that is not of the kind, because another release stored it, is a miss.
        """
        hit = await self._look(key, kind)
        self.reads["hit" if hit else "miss"] += 1
        return hit.value if hit else None

    async def set(self, key: str, value: object, *, ttl: float) -> None:
        """Store a model, or whatever else Pydantic writes as JSON, for `ttl` seconds."""
        self._flights.forget(key)
        await self.write(f"value:{key}", encode(value), ttl=ttl, lease=f"lease:{key}")

    async def ttl(self, key: str) -> float | None:
        """Return for how many seconds the value will be there, or None on a miss."""
        return await self.read_ttl(f"value:{key}")

    async def delete(self, *keys: str) -> None:
        """Forget the keys; what is being computed from before this is not stored after it."""
        for key in keys:
            self._flights.forget(key)
        if keys:
            await self.remove(*(f"{part}:{key}" for key in keys for part in ("value", "lease")))

    async def fetch(
        self, key: str, kind: type[T], compute: Callable[[], Awaitable[T]], *, ttl: float
    ) -> T:
        """Return the value as a `kind`, computing and storing it on a miss.

        Single flight: however many ask, in all processes, one computes. It has ten seconds; then
        whoever asks tries again, also in this process, and the value of the first is returned to
        its callers but not stored. A computation for which nobody waits any more is cancelled then.
        None is a value too: that there is nothing is remembered as well.
        """
        hit = await self._look(key, kind)
        self.reads["hit" if hit else "miss"] += 1
        if hit:
            return hit.value
        return await self._flights.join(key, lambda: self._fly(key, kind, compute, ttl))

    @asynccontextmanager
    async def lock(self, name: str, *, ttl: float) -> AsyncIterator[bool]:
        """Hold the name during the block, for `ttl` seconds at most, without waiting for it.

        Yields False when another holds it or the server is down. It saves work done twice, and is
        no guard of what must never be done twice: like everything here, it may vanish.
        """
        token = uuid4().hex
        held = await self.acquire(f"lock:{name}", token=token, ttl=ttl)
        try:
            yield held
        finally:
            if held:
                await self.release(f"lock:{name}", token=token)

    async def claim(self, key: str, *, ttl: float) -> bool:
        """Take the key for all of `ttl` seconds; False when it could not be had."""
        return await self.acquire(f"claim:{key}", token=uuid4().hex, ttl=ttl)

    async def _look(self, key: str, kind: type[T]) -> Hit[T] | None:
        data = await self.read(f"value:{key}")
        return None if data is None else decode(data, kind)

    async def _fly(
        self, key: str, kind: type[T], compute: Callable[[], Awaitable[T]], ttl: float
    ) -> T:
        """Compute under a lease, or wait for the process that has it.

        Leases as in "Scaling Memcache at Facebook" (NSDI 2013): `delete` ends them.
        """
        token = uuid4().hex
        for pause in _list_pauses():
            if await self.acquire(f"lease:{key}", token=token, ttl=LEASE_SECONDS):
                return await self._compute(key, kind, compute, ttl, token)
            if not self.available:
                break
            await asyncio.sleep(pause)
            hit = await self._look(key, kind)
            if hit:
                return hit.value
        return await compute()

    async def _compute(
        self, key: str, kind: type[T], compute: Callable[[], Awaitable[T]], ttl: float, token: str
    ) -> T:
        lease = f"lease:{key}"
        try:
            # Whoever had the lease before may have stored it between our look and our lease.
            hit = await self._look(key, kind)
            if hit:
                return hit.value
            value = await compute()
            await self.write(f"value:{key}", encode(value), ttl=ttl, lease=lease, token=token)
            return value
        finally:
            await self.release(lease, token=token)


def _list_pauses() -> Iterator[float]:
    """Yield growing pauses that are together as long as a lease."""
    total, pause = 0.0, FIRST_PAUSE_SECONDS
    while total < LEASE_SECONDS:
        yield pause
        total += pause
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
