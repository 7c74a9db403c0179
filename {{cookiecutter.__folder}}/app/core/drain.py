"""The end of the process: from when it wants nothing new, and how long work may still take."""

import time


class Drain:
    """Whether this process is about to end: it still serves, but wants nothing new."""

    began_at: float | None = None


def begin_drain() -> None:
    """Be not ready from now on; a handler of signals may call this."""
    if Drain.began_at is None:
        Drain.began_at = time.monotonic()


def is_draining() -> bool:
    """Tell whether the process is about to end."""
    return Drain.began_at is not None


def left_of(grace: float) -> float:
    """Return how many of the seconds of grace are left, which everything that ends shares."""
    if Drain.began_at is None:
        return grace
    return max(0.0, Drain.began_at + grace - time.monotonic())
