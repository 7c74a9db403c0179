"""A place in a trace, as headers hand it on (W3C Trace Context)."""

import random
import re
from typing import NamedTuple

# Later versions may have more behind these fields; ff is none.
TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?"
)
# Whether it is sampled, and whether its id is random: others are not known here, and go no further.
KNOWN_FLAGS = 0b11
STATE_MEMBER = re.compile(
    r"[ \t]*(?:[a-z0-9][a-z0-9_*/@-]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~])?[ \t]*"
)
STATE_CHARACTERS = 512
STATE_MEMBERS = 32
NO_TRACE, NO_SPAN = "0" * 32, "0" * 16


class Trace(NamedTuple):
    """Where we are in a trace: its id, and the id of the span that caused what we do."""

    trace_id: str
    span_id: str
    flags: str = "01"
    state: str = ""
    """What the systems that the trace came through say of it, as `tracestate` hands it on."""

    @classmethod
    def start(cls) -> "Trace":
        """Return the beginning of a new trace."""
        both = make_id(48)
        return cls(trace_id=both[:32], span_id=both[32:])

    @classmethod
    def parse(cls, traceparent: str | None, tracestate: str = "") -> "Trace | None":
        """Return the trace of a `traceparent` header, or None when it is none."""
        match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if not match:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if trace_id == NO_TRACE or span_id == NO_SPAN or (version == "00" and more is not None):
            return None
        known = f"{int(flags, 16) & KNOWN_FLAGS:02x}"
        return cls(trace_id, span_id, known, check_state(tracestate))

    @property
    def traceparent(self) -> str:
        """The header that hands the trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def check_state(tracestate: str) -> str:
    """Return a `tracestate` header that can be handed on, or nothing when it is not valid."""
    members = tracestate.split(",")
    if len(tracestate) > STATE_CHARACTERS or len(members) > STATE_MEMBERS:
        return ""
    return tracestate.strip() if all(map(STATE_MEMBER.fullmatch, members)) else ""


def make_id(digits: int) -> str:
    """Return a random number in so many hexadecimal digits: nobody relies on it as a secret."""
    return f"{random.getrandbits(4 * digits):0{digits}x}"
