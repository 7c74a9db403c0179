"""Turns: of the work that may kill its process, one piece at a time has the turn, unless it waits.

What a broker knows of a death is which messages the process had in hand. So only one message that
is suspected may be in hand; and while it waits for something, it is not, and another has its turn.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from typing import Self

Rest = Callable[[int], AbstractAsyncContextManager[None]]
"""Return a block to wait in, for work that has met so many outages."""

# Whoever hands a message over says what is to be done around each wait.
_rest: ContextVar[Rest] = ContextVar("rest", default=lambda _: nullcontext())


def at_rest(outages: int = 0) -> AbstractAsyncContextManager[None]:
    """Return a block to wait in, during which others have their turn.

    Raises HandedBackError where the message cannot wait in this process; with it goes how many
    `outages` its work has met, each of which ended, so that it is known when it comes again.
    """
    return _rest.get()(outages)


@contextmanager
def resting_by(rest: Rest) -> Iterator[None]:
    """Let what is done in the block wait in this way."""
    token = _rest.set(rest)
    try:
        yield
    finally:
        _rest.reset(token)


class HandedBackError(BaseException):
    """The message waits elsewhere, and comes again: nothing more is to be done about it here.

    Like the end of a task it says nothing about the handler, and is nobody's failure.
    """

    def __init__(self, outages: int = 0) -> None:
        """Have the message come again, with so many outages that its work has met."""
        super().__init__()
        self.outages = outages
        self.attempts = 0
        """How many attempts were spent before."""


class Turn:
    """One turn among all who share the lock, first come, first served."""

    def __init__(self, lock: asyncio.Lock) -> None:
        """Wait for the lock when the block begins."""
        self._lock = lock
        self._is_held = False

    async def __aenter__(self) -> Self:
        """Wait for the turn."""
        await self.resume()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one have its turn."""
        self.yield_turn()

    async def resume(self) -> None:
        """Wait for the turn, unless it is ours."""
        if not self._is_held:
            await self._lock.acquire()
            self._is_held = True

    def yield_turn(self) -> None:
        """Let others have their turn, until `resume`."""
        if self._is_held:
            self._is_held = False
            self._lock.release()
