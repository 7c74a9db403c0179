"""Spans by OpenTelemetry; imported only where a collector is set."""

from types import TracebackType
from typing import Self

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TracerProvider,
    get_current_span,
    set_span_in_context,
)

from app.core.tracing import Attributes, Kind, Trace

KINDS: dict[Kind, SpanKind] = {
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "server": SpanKind.SERVER,
}


class OpenSpan:
    """The block of a span.

    A class, because a generator would cost each request twice as much.
    """

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        """Take a span that has started."""
        self._span = span

    def __enter__(self) -> Trace:
        """Make it the current one."""
        self._token = context.attach(set_span_in_context(self._span))
        return read_trace(self._span)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End it, with the error that ended its block."""
        context.detach(self._token)
        if error is not None:
            self._span.record_exception(error)
        end_span(self._span, error)


class CallSpan:
    """A span around one question to a server, below which there is none."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        """Take a span that has started."""
        self._span = span

    def __enter__(self) -> Self:
        """Let the block ask."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End it, with the error that ended its block."""
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """End it; of an error only its kind is told, as servers put values into what they say."""
        end_span(self._span, error)


class OpenTelemetrySpans:
    """Records spans with the tracer of a provider."""

    def __init__(self, provider: TracerProvider) -> None:
        """Take the provider, which knows where finished spans go."""
        self._tracer = provider.get_tracer("app")

    def current(self) -> Trace | None:
        """Return where we are, in spans of the service's own too, or None outside of any."""
        span = get_current_span()
        return read_trace(span) if span.get_span_context().is_valid else None

    def follow(
        self, traceparent: str | None, name: str, kind: Kind, attributes: Attributes
    ) -> OpenSpan:
        """Continue the trace of a `traceparent` header, or start one, in a new span."""
        above = read_parent(traceparent)
        return OpenSpan(self._tracer.start_span(name, above, KINDS[kind], attributes))

    def call(self, name: str, attributes: Attributes) -> CallSpan:
        """Begin to ask a server, in a span below the current one."""
        return CallSpan(self._tracer.start_span(name, None, SpanKind.CLIENT, attributes))

    def describe(self, attributes: Attributes, name: str | None) -> None:
        """Tell more of the current span, and name it if there is a name."""
        span = get_current_span()
        span.set_attributes(attributes)
        if name:
            span.update_name(name)

    def note(self, error: BaseException, attributes: Attributes) -> None:
        """Add an error to the current span."""
        get_current_span().record_exception(error, attributes)

    def fail(self, error_type: str) -> None:
        """Say that the current span failed."""
        span = get_current_span()
        span.set_attribute("error.type", error_type)
        span.set_status(StatusCode.ERROR)


def read_trace(span: Span) -> Trace:
    """Return where a span is in its trace."""
    place = span.get_span_context()
    return Trace(f"{place.trace_id:032x}", f"{place.span_id:016x}", f"{place.trace_flags:02x}")


def read_parent(traceparent: str | None) -> Context:
    """Return a context in which the next span continues a trace, or starts one."""
    if (trace := Trace.parse(traceparent)) is None:
        return Context()
    flags = TraceFlags(int(trace.flags, 16))
    place = SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), True, flags)
    return set_span_in_context(NonRecordingSpan(place), Context())


def end_span(span: Span, error: BaseException | None) -> None:
    """End a span, as failed if there was an error."""
    if error is not None:
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(StatusCode.ERROR)
    span.end()
