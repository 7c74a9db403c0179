"""A limit on lines that would come by the thousand: the first ones of each second are logged."""

import time


class Sampler:
    """Lets the first so many of each second pass, and counts the others."""

    def __init__(self, per_second: int) -> None:
        """Let so many pass each second."""
        self._per_second = per_second
        self._second = 0
        self._passed = 0
        self._left_out = 0

    def admit(self) -> int | None:
        """Return how many were left out since the last one; None when this one is left out too."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._passed = second, 0
        if self._passed >= self._per_second:
            self._left_out += 1
            return None
        self._passed += 1
        left_out, self._left_out = self._left_out, 0
        return left_out
