"""A limit on how long blocks of code may take, at a fraction of what a timer for each costs."""

import asyncio
from types import TracebackType

# Libraries may swallow a cancellation: `asyncio.wait_for` of Python 3.11 does, when what it waits
# for comes in the same moment. Longer than a rollback takes, which a second one would interrupt.
INSIST_SECONDS = 5.0


class Watchdog:
    """Ends blocks that take too long, as `asyncio.timeout` does, with one timer for all of them.

    All may take equally long, so that the oldest is always the next whose time is over. A block
    that goes on all the same is ended again.
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
        limit.leave_alone()

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
            del self._running[limit]
            limit.end()
        return None


class Limit:
    """One block whose time is limited."""

    __slots__ = ("_again", "_cancelled", "_cancelling", "_task", "_watchdog", "started")

    def __init__(self, watchdog: Watchdog) -> None:
        """Prepare a block."""
        self._watchdog = watchdog
        self._cancelled = 0
        self._again: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """Whether the block was ended."""
        return self._cancelled > 0

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
        """End the block, which takes too long, until it does end."""
        self._cancelled += 1
        self._task.cancel()
        self._again = asyncio.get_running_loop().call_later(INSIST_SECONDS, self.end)

    def leave_alone(self) -> None:
        """End the block no more."""
        if self._again is not None:
            self._again.cancel()

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
        left = min(self._task.uncancel() for _ in range(self._cancelled))
        if left <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
