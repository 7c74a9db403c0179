"""Lines on their way to Loki: a bounded queue, and the thread that sends it in batches."""

import math
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread, get_ident
from typing import NamedTuple

from app.core.log_losses import LostLines

# A burst larger than this is lost rather than the memory.
QUEUE_LINES = 10_000
QUEUE_CHARACTERS = 16_000_000
# A request costs as much as a thousand lines: under load many share one.
BATCH_LINES = 2_000
# Loki refuses pushes of several megabytes.
BATCH_CHARACTERS = 1_000_000
BATCH_SECONDS = 1.0
PUSH_SECONDS = 10.0
# Before each attempt; two minutes outlast a restart of Loki.
DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)
LONGEST_DELAY = 60.0

Line = tuple[str, float, str]
"""The level, the time and the text."""


class Problem(NamedTuple):
    """Why Loki did not take a batch."""

    why: str
    passes: bool
    """Whether it may take the same batch later."""
    retry_after: float = 0.0
    """How many seconds it wants to be left alone."""


Push = Callable[[Sequence[Line], float], Problem | None]
"""Pushes lines within so many seconds, and returns what went wrong."""


class BatchSender:
    """Sends lines from a thread of its own, which starts with the first one."""

    def __init__(self, push: Push, lost: LostLines) -> None:
        """Send with `push`; what Loki does not get is counted in `lost`."""
        self.thread_id = 0
        self._push = push
        self._lost = lost
        self._lines: deque[Line] = deque()
        # Characters: those of the queue are the difference, and each side writes one of them.
        self._added = self._taken = 0
        self._in_flight: Sequence[Line] = ()
        self._overflown = 0
        self._thread: Thread | None = None
        self._wake, self._closing = Event(), Event()
        self._is_closed = False
        self._deadline = math.inf
        self._lock = Lock()
        # Held by the thread while it does more than wait, and by another while it forks.
        self._busy = Lock()
        self._holder = 0

    def add(self, line: Line) -> None:
        """Queue a line without waiting; one caller at a time."""
        if self._is_closed:
            self._lost.count("exit")
            return
        waiting, characters = len(self._lines), self._added - self._taken
        if waiting >= QUEUE_LINES or characters >= QUEUE_CHARACTERS:
            self._lost.count("full")
            return
        self._lines.append(line)
        self._added += len(line[2])
        if self._thread is None:
            self._start()
        elif (waiting >= BATCH_LINES or characters >= BATCH_CHARACTERS) and not self._wake.is_set():
            self._wake.set()

    def close(self, seconds: float) -> None:
        """Send what is queued within so many seconds; what is then left is lost."""
        if self._is_closed:
            return
        self._is_closed = True
        self._deadline = time.monotonic() + seconds
        self._closing.set()
        self._wake.set()
        if self._thread is None:
            self._run()
        else:
            self._thread.join(seconds)
        with self._lock:
            left = len(self._lines) + len(self._in_flight)
            self._lines.clear()
            # The thread finds that its batch is not its own any more.
            self._in_flight = ()
        if left:
            self._lost.count("exit", left)
        self._lost.sum_up()

    def pause(self, seconds: float) -> None:
        """Let the thread rest until `resume`: wait for a push to end, but only so long."""
        if self._busy.acquire(timeout=seconds):
            self._holder = get_ident()

    def resume(self) -> None:
        """Let the thread go on."""
        if self._holder == get_ident():
            self._holder = 0
            self._busy.release()

    def _start(self) -> None:
        thread = Thread(target=self._run, name="loki", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The interpreter ends: `close` sends the line.
            return
        self._thread = thread

    def _run(self) -> None:
        self.thread_id = get_ident()
        while batch := self._take():
            self._send(batch)

    def _take(self) -> Sequence[Line]:
        """Return the next lines, as soon as they are many or a second has passed."""
        while not self._closing.is_set():
            if len(self._lines) < BATCH_LINES:
                self._wake.wait(BATCH_SECONDS)
                self._wake.clear()
            if self._lines:
                break
        batch: list[Line] = []
        characters = 0
        with self._lock:
            while self._lines and len(batch) < BATCH_LINES and characters < BATCH_CHARACTERS:
                batch.append(self._lines.popleft())
                characters += len(batch[-1][2])
            self._in_flight = batch
        self._taken += characters
        return batch

    def _send(self, batch: Sequence[Line]) -> None:
        """Push a batch until Loki takes it, refuses it, or has failed for too long."""
        pause = 0.0
        for delay in DELAYS:
            if not self._rest(max(pause, delay * random.uniform(0.5, 1))):  # noqa: S311 - no secret
                # Nothing else will arrive either.
                self._deadline = 0.0
                self._settle(batch, "exit")
                return
            with self._busy:
                problem = self._push_once(batch)
            if problem is None:
                return
            pause = min(problem.retry_after, LONGEST_DELAY)
        self._settle(batch, "unavailable")

    def _push_once(self, batch: Sequence[Line]) -> Problem | None:
        """Push a batch; return why it is to be pushed again."""
        left = self._deadline - time.monotonic()
        problem = self._push(batch, max(0.1, min(PUSH_SECONDS, left)))
        if self._in_flight is not batch:
            # `close` has waited long enough, and has counted it.
            return None
        if problem is None:
            self._settle(batch)
            return None
        self._lost.fail(problem.why)
        if not problem.passes:
            self._settle(batch, "refused")
            return None
        return problem

    def _rest(self, seconds: float) -> bool:
        """Wait before an attempt; False when the process ends before that."""
        if not self._closing.is_set():
            # A process that ends tries at once.
            self._closing.wait(seconds)
            return True
        if seconds > self._deadline - time.monotonic():
            return False
        time.sleep(seconds)
        return True

    def _settle(self, batch: Sequence[Line], reason: str = "") -> None:
        """Be done with a batch; it is lost when there is a reason."""
        with self._lock:
            if self._in_flight is not batch:
                return
            self._in_flight = ()
            if reason:
                self._lost.count(reason, len(batch))
        overflown = self._lost.counts["full"]
        if overflown > self._overflown:
            self._overflown = overflown
            self._lost.fail("the queue is full")
        elif not reason:
            self._lost.recover()
