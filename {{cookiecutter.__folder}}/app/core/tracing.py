"""One trace id from the request through the messages to the log line (W3C Trace Context)."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where we are in a trace: its id, and the id of the span that caused what we do."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def start(cls) -> "Trace":
        """Return the beginning of a new trace."""
        return cls(trace_id=secrets.token_hex(16), span_id=secrets.token_hex(8))

    @classmethod
    def parse(cls, traceparent: str | None) -> "Trace | None":
        """Return the trace of a `traceparent` header, or None when it is none."""
        match = TRACEPARENT.fullmatch(traceparent or "")
        if not match or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
            return None
        return cls(*match.groups())

    @property
    def traceparent(self) -> str:
        """The header that hands the trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """Return the trace that the running request or message belongs to."""
    return _current.get()


@contextmanager
def follow_trace(traceparent: str | None) -> Iterator[Trace]:
    """Continue the trace of a `traceparent` header, or start one, for the enclosed work."""
    came_from = Trace.parse(traceparent)
    trace = Trace.start() if came_from is None else came_from
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
