"""A place in a trace, as headers hand it on (W3C Trace Context)."""

import random
import re
from typing import NamedTuple

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
NO_TRACE, NO_SPAN = "0" * 32, "0" * 16


class Trace(NamedTuple):
    """Where we are in a trace: its id, and the id of the span that caused what we do."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def start(cls) -> "Trace":
        """Return the beginning of a new trace."""
        both = make_id(48)
        return cls(trace_id=both[:32], span_id=both[32:])

    @classmethod
    def parse(cls, traceparent: str | None) -> "Trace | None":
        """Return the trace of a `traceparent` header, or None when it is none."""
        match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if not match or match[1] == NO_TRACE or match[2] == NO_SPAN:
            return None
        return cls(*match.groups())

    @property
    def traceparent(self) -> str:
        """The header that hands the trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def make_id(digits: int) -> str:
    """Return a random number in so many hexadecimal digits: nobody relies on it as a secret."""
    return f"{random.getrandbits(4 * digits):0{digits}x}"
