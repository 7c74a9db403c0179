"""The cache interface: JSON values that may vanish at any moment."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any


class Cache(ABC):
    """Keep JSON values for a while; a value that is gone, or a server that is down, is a miss."""

    def __init__(self) -> None:
        """Start with no computation in flight."""
        self._flights: dict[str, asyncio.Task[Any]] = {}

    @abstractmethod
    async def read(self, key: str) -> str | None:
        """Return the stored text, or None on a miss."""

    @abstractmethod
    async def write(self, key: str, text: str, *, ttl: float) -> None:
        """Store the text for `ttl` seconds, or not at all."""

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Forget the key."""

    @abstractmethod
    async def claim(self, key: str, *, ttl: float) -> bool:
        """Take the key for `ttl` seconds unless somebody has it; False when it could not be had."""

    @abstractmethod
    async def ping(self) -> None:
        """Raise when the server does not answer."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""

    async def get(self, key: str) -> Any:
        """Return the value, or None on a miss."""
        text = await self.read(key)
        return None if text is None else json.loads(text)

    async def set(self, key: str, value: Any, *, ttl: float) -> None:
        """Store a JSON value for `ttl` seconds."""
        await self.write(key, json.dumps(value), ttl=ttl)

    async def fetch(self, key: str, compute: Callable[[], Awaitable[Any]], *, ttl: float) -> Any:
        """Return the value, computing and storing it on a miss.

        Single flight: in this process a missing key is computed once, however many ask for it.
        """
        text = await self.read(key)
        if text is not None:
            return json.loads(text)
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._compute(key, compute, ttl))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # Shielded: one caller that gives up does not fail the others.
        return await asyncio.shield(flight)

    async def _compute(self, key: str, compute: Callable[[], Awaitable[Any]], ttl: float) -> Any:
        value = await compute()
        await self.set(key, value, ttl=ttl)
        return value
