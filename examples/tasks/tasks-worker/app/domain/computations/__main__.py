"""A process that computes: orders come on its standard input, results leave by its output.

It never outlives whoever started it, nor its time: then somebody else may compute the same.
"""

import json
import os
import signal
import sys
import time
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from app.domain.computations import COMPUTATIONS

REPORT_SECONDS = 0.2
NICENESS = 5


class Clerk:
    """Takes orders and extensions from a thread of its own, so that it hears them at any time."""

    def __init__(self) -> None:
        """Wait for the first order."""
        self.orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._run = 0
        self._lock = Lock()

    def listen(self) -> None:
        """Take what comes, and end the process when nobody can send any more."""
        for line in sys.stdin.buffer:
            order = json.loads(line)
            with self._lock:
                if "kind" in order:
                    self._run = order["run"]
                    self.orders.put(order)
                if order["run"] == self._run:
                    # The kernel ends the process, whatever it is busy with.
                    rest = order["until"] - time.monotonic()
                    signal.setitimer(signal.ITIMER_REAL, max(rest, 1e-6))
        os._exit(0)

    def finish(self) -> None:
        """Have time without end again, until the next order."""
        with self._lock:
            self._run = 0
            signal.setitimer(signal.ITIMER_REAL, 0)


class Reporter:
    """Tells how far a computation has come, a few times in a second."""

    def __init__(self) -> None:
        """Begin now."""
        self._told = time.monotonic()

    def __call__(self, part: float) -> None:
        """Tell which part is done."""
        if time.monotonic() - self._told >= REPORT_SECONDS:
            self._told = time.monotonic()
            say(progress=part)


def say(**facts: Any) -> None:
    """Send a line; raises OverflowError for numbers that no JSON can write."""
    try:
        line = json.dumps(facts, allow_nan=False)
    except ValueError as error:
        raise OverflowError("the result is too large to be written") from error
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Compute what is ordered, one after the other."""
    # Those who answer requests come first.
    os.nice(NICENESS)
    clerk = Clerk()
    Thread(target=clerk.listen, daemon=True).start()
    while True:
        order = clerk.orders.get()
        try:
            result = COMPUTATIONS[order["kind"]](Reporter(), **order["parameters"])
            clerk.finish()
            say(result=result)
        except Exception as error:  # noqa: BLE001 - whoever ordered it hears of it
            clerk.finish()
            say(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
