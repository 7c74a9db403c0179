"""A limit on how long blocks of code may take, at a fraction of what a timer for each costs."""

import asyncio
from types import TracebackType


class Watchdog:
    """Ends blocks that take too long, as `asyncio.timeout` does, with one timer for all of them.

    All may take equally long, so that the oldest is always the next whose time is over.
    """

    def __init__(self, seconds: float) -> None:
        """Give each block so many seconds."""
        self.seconds = seconds
        self._running: dict[Limit, None] = {}
        self._is_waiting = False

    def limit(self) -> "Limit":
        """Limit a block: `with watchdog.limit():`; raises TimeoutError when its time is over."""
        return Limit(self)

    def add(self, limit: "Limit") -> None:
        """Watch a block that begins."""
        self._running[limit] = None
        if not self._is_waiting:
            self._wait(self.seconds)

    def remove(self, limit: "Limit") -> None:
        """Watch a block no more."""
        self._running.pop(limit, None)

    def _wait(self, seconds: float) -> None:
        self._is_waiting = True
        asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """End what takes too long, and look again when the next one might."""
        self._is_waiting = False
        now = asyncio.get_running_loop().time()
        for limit in list(self._running):
            rest = limit.started + self.seconds - now
            if rest > 0:
                return self._wait(rest)
            self.remove(limit)
            limit.end()
        return None


class Limit:
    """One block whose time is limited."""

    __slots__ = ("_cancelling", "_task", "_watchdog", "is_over", "started")

    def __init__(self, watchdog: Watchdog) -> None:
        """Prepare a block."""
        self._watchdog = watchdog
        self.is_over = False

    def __enter__(self) -> None:
        """Begin; it has to be in a task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("time is limited inside of a task only")
        self._task = task
        self._cancelling = task.cancelling()
        self.started = asyncio.get_running_loop().time()
        self._watchdog.add(self)

    def end(self) -> None:
        """End the block, which takes too long."""
        self.is_over = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """Raise TimeoutError if it was ended for that, and by nobody else."""
        self._watchdog.remove(self)
        if not self.is_over:
            return
        is_alone = self._task.uncancel() <= self._cancelling
        if is_alone and kind is asyncio.CancelledError:
            raise TimeoutError from error
