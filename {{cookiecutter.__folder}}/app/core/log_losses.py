"""Log lines that did not arrive: counted by reason, and said once per change of state."""

import time
from collections import Counter
from threading import Lock

from app.utils.logger import Logger

logger = Logger(__name__)

REASONS = ("exit", "full", "refused", "unavailable", "unformatted", "unwritten")
# A place that takes every second line must not fill the log of the others.
QUIET_SECONDS = 60.0


class LostLines:
    """Counts what one place did not get, and says when it fails and when it works again."""

    def __init__(self, place: str) -> None:
        """Name the place as the log calls it."""
        self.place = place
        self.counts: Counter[str] = Counter()
        self._lock = Lock()
        self._is_failing = False
        self._quiet_until = 0.0
        self._told = 0

    def count(self, reason: str, lines: int = 1) -> None:
        """Count lines that were lost; the only place that does, for whoever exports them."""
        with self._lock:
            self.counts[reason] += lines

    def fail(self, why: str) -> None:
        """Say that the place does not take lines, unless that was said."""
        now = time.monotonic()
        if not self._is_failing and now >= self._quiet_until:
            self._is_failing, self._quiet_until = True, now + QUIET_SECONDS
            logger.warning("log lines do not arrive", place=self.place, why=why)

    def recover(self) -> None:
        """Say that the place takes lines again, if it was said that it does not."""
        if self._is_failing:
            self._is_failing = False
            logger.info("log lines arrive again", place=self.place, lost=self._count_untold())

    def sum_up(self) -> None:
        """Say at the end how many lines were lost that nobody was told of."""
        if lost := self._count_untold():
            logger.warning("log lines were lost", place=self.place, lost=lost)

    def _count_untold(self) -> int:
        total = self.counts.total()
        untold, self._told = total - self._told, total
        return untold
