"""A limit on warnings and errors that libraries repeat, such as one for each attempt to connect."""

import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakSet

from app.utils.logger import Logger

logger = Logger(__name__)

INTERVAL_SECONDS = 60.0
# Of one text, before its values are filled in, and of all texts of one logger: some libraries
# fill them in themselves, so that no text is like another.
LINES_PER_TEXT = 10
LINES_PER_LOGGER = 100
OURS = "app"


@dataclass
class Interval:
    """What one logger said in an interval."""

    end: float
    passed: Counter[str] = field(default_factory=Counter)
    left_out: int = 0

    def admit(self, text: str) -> bool:
        """Tell whether the line is logged; count it if it is not."""
        if self.passed[text] >= LINES_PER_TEXT or self.passed.total() >= LINES_PER_LOGGER:
            self.left_out += 1
            return False
        self.passed[text] += 1
        return True


class RepeatedLines(logging.Filter):
    """Let the first lines of each interval pass, and count the others.

    The count is `left_out` in the next line of that logger, or a line of its own when none comes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing said; the same filter is for all places that lines go to."""
        super().__init__()
        self._clock = clock
        self.start_over()
        FILTERS.add(self)

    def start_over(self) -> None:
        """Begin with nothing said: what was counted is said by the parent process."""
        self._intervals: dict[str, Interval] = {}
        self._lock = Lock()
        self._due = math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is logged, in the same way for each place that it would go to."""
        if self._due < math.inf and (now := self._clock()) >= self._due:
            self.sum_up(now)
        if record.levelno < logging.WARNING or record.name.partition(".")[0] == OURS:
            return True
        decided: dict[RepeatedLines, bool] = record.__dict__.setdefault(__name__, {})
        if self not in decided:
            decided[self] = self._admit(record)
        return decided[self]

    def sum_up(self, until: float = math.inf) -> None:
        """Say what was left out of intervals that are over, which no line has said."""
        with self._lock:
            over = [name for name, each in self._intervals.items() if each.end <= until]
            counts = {name: self._intervals.pop(name).left_out for name in over}
            self._set_due()
        for name, left_out in counts.items():
            if left_out:
                logger.warning("repeated lines of a library", of=name, left_out=left_out)

    def _admit(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        with self._lock:
            interval = self._intervals.get(record.name)
            if interval is None or interval.end <= now:
                left_out = interval.left_out if interval else 0
                interval = self._intervals[record.name] = Interval(now + INTERVAL_SECONDS)
                if left_out:
                    fields = record.__dict__.get("fields") or {}
                    record.__dict__["fields"] = {**fields, "left_out": left_out}
            is_admitted = interval.admit(str(record.msg))
            self._set_due()
            return is_admitted

    def _set_due(self) -> None:
        ends = [each.end for each in self._intervals.values() if each.left_out]
        self._due = min(ends, default=math.inf)


FILTERS: WeakSet[RepeatedLines] = WeakSet()


def start_over_in_child() -> None:
    """Give a process that was just forked counts of its own."""
    for each in FILTERS:
        each.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=start_over_in_child)
