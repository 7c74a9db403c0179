"""One trace id from the request through the messages to the log line (W3C Trace Context)."""

import re
import secrets
from contextvars import ContextVar, Token
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
        random = secrets.token_hex(24)
        return cls(trace_id=random[:32], span_id=random[32:])

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


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    """Return the trace that the running request or message belongs to."""
    return _current.get()


class CurrentTrace:
    """A trace that is the current one during a block.

    A class, because a generator would cost each request twice as much.
    """

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: Trace) -> None:
        """Take the trace."""
        self._trace = trace

    def __enter__(self) -> Trace:
        """Make the trace the current one."""
        self._token: Token[Trace | None] = _current.set(self._trace)
        return self._trace

    def __exit__(self, *_: object) -> None:
        """Go back to the trace before it."""
        _current.reset(self._token)


def follow_trace(traceparent: str | None) -> CurrentTrace:
    """Continue the trace of a `traceparent` header, or start one, for the enclosed work."""
    return CurrentTrace(Trace.parse(traceparent) or Trace.start())
