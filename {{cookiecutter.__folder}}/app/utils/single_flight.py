"""Single flight: what many ask for at once is worked out once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
Flight = asyncio.Task[Any]


class SingleFlight:
    """Share one piece of work among all who ask for the same key while it is under way.

    A flight is shared for a limited time: who asks later starts another one, so that one that
    hangs does not block its key. It goes on for those who wait for it, and ends with the last.
    """

    def __init__(self, *, seconds: float) -> None:
        """Start with nothing under way; share each flight for so long."""
        self._seconds = seconds
        self._flights: dict[str, Flight] = {}
        self._tasks: set[Flight] = set()
        self._waiting: Counter[Flight] = Counter()
        self._overdue: set[Flight] = set()

    async def join(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the outcome of the key's flight, starting one unless it is under way.

        An error reaches everybody who waits; a caller that gives up does not fail the others.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._start(key, work())
        self._waiting[flight] += 1
        try:
            outcome: T = await asyncio.shield(flight)
        finally:
            self._waiting[flight] -= 1
            if not self._waiting[flight]:
                del self._waiting[flight]
                self._cancel_if_useless(flight)
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
        limit = asyncio.get_running_loop().call_later(self._seconds, self._end_sharing, key, flight)
        flight.add_done_callback(lambda done: self._land(key, done, limit))
        return flight

    def _end_sharing(self, key: str, flight: Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        self._overdue.add(flight)
        self._cancel_if_useless(flight)

    def _cancel_if_useless(self, flight: Flight) -> None:
        if flight in self._overdue and flight not in self._waiting:
            flight.cancel()

    def _land(self, key: str, flight: Flight, limit: asyncio.TimerHandle) -> None:
        limit.cancel()
        self._tasks.discard(flight)
        self._overdue.discard(flight)
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # read: when all callers have left, asyncio would complain
