"""Single flight: what many ask for at once is worked out once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class SingleFlight:
    """Share one piece of work among all who ask for the same key while it is under way."""

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._flights: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def join(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the outcome of the key's flight, starting one unless it is under way.

        An error reaches everybody who waits; a caller that gives up does not fail the others.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._start(key, work())
        outcome: T = await asyncio.shield(flight)
        return outcome

    def forget(self, key: str) -> None:
        """Let later callers start a new flight; those who wait keep theirs."""
        self._flights.pop(key, None)

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, key: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        flight = asyncio.create_task(work)
        self._flights[key] = flight
        # The loop itself holds tasks weakly: one that nobody awaits any more could vanish.
        self._tasks.add(flight)
        flight.add_done_callback(lambda done: self._land(key, done))
        return flight

    def _land(self, key: str, flight: asyncio.Task[Any]) -> None:
        self._tasks.discard(flight)
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # read: when all callers have left, asyncio would complain
