"""One trace from the request through the messages to the log line.

Spans are recorded as well while `app.core.spans` is in use; nothing else knows OpenTelemetry.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from typing import Literal, Protocol

from app.core.trace_context import Trace

Kind = Literal["client", "consumer", "internal", "producer", "server"]
Attributes = Mapping[str, str | int]


class Call(AbstractContextManager["Call"], Protocol):
    """A span around one question to a server."""

    def end(self, error: BaseException | None = None) -> None:
        """Say that the server has answered, or why it has not."""


class Spans(Protocol):
    """Records spans; each is the current one during its block, and ends with it."""

    def current(self) -> Trace | None:
        """Return where we are, or None outside of any span."""

    def follow(
        self,
        traceparent: str | None,
        name: str,
        kind: Kind,
        attributes: Attributes,
        tracestate: str = "",
    ) -> AbstractContextManager[Trace]:
        """Continue the trace of a `traceparent` header, or start one, in a new span."""

    def call(self, name: str, attributes: Attributes) -> Call:
        """Begin to ask a server, in a span below the current one."""

    def describe(self, attributes: Attributes, name: str | None) -> None:
        """Tell more of the current span, and name it if there is a name."""

    def note(self, error: BaseException, attributes: Attributes) -> None:
        """Add an error to the current span."""

    def fail(self, error_type: str) -> None:
        """Say that the current span failed."""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_spans: list[Spans] = []


@contextmanager
def use_spans(spans: Spans) -> Iterator[None]:
    """Record spans while the block runs."""
    _spans.append(spans)
    try:
        yield
    finally:
        _spans.remove(spans)


def get_spans() -> Spans | None:
    """Return what records spans, or None when nothing does."""
    return _spans[-1] if _spans else None


def current_trace() -> Trace | None:
    """Return the trace that the running request or message belongs to."""
    return (_spans[-1].current() if _spans else None) or _current.get()


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


def follow_trace(traceparent: str | None, tracestate: str = "") -> CurrentTrace:
    """Continue the trace of a `traceparent` header, or start one, for the enclosed work."""
    return CurrentTrace(Trace.parse(traceparent, tracestate) or Trace.start())


def start_trace(name: str) -> AbstractContextManager[Trace]:
    """Start a trace for work that nobody asked for, such as a job, in a span with its name."""
    if (spans := get_spans()) is None:
        return follow_trace(None)
    return spans.follow(None, name, "internal", {})


def start_call(name: str, attributes: Attributes) -> Call | None:
    """Begin to ask a server, in a span if this is inside of one: idle loops would be noise."""
    spans = get_spans()
    return spans.call(name, attributes) if spans and spans.current() else None


def trace_call(name: str, attributes: Attributes) -> AbstractContextManager[object]:
    """Ask a server in a block."""
    return start_call(name, attributes) or nullcontext()


def note_error(error: BaseException, **attributes: str | int) -> None:
    """Add an error to the current span, if spans are recorded."""
    if (spans := get_spans()) is not None:
        spans.note(error, attributes)


def fail_span(error_type: str) -> None:
    """Say that the current span failed, if spans are recorded."""
    if (spans := get_spans()) is not None:
        spans.fail(error_type)
