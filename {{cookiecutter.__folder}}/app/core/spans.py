"""Spans by OpenTelemetry; imported only where a collector is set."""

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TracerProvider,
    TraceState,
    get_current_span,
    set_span_in_context,
)

from app.core.span_blocks import CallSpan, OpenSpan, read_trace
from app.core.trace_context import Trace
from app.core.tracing import Attributes, Kind

KINDS: dict[Kind, SpanKind] = {
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "server": SpanKind.SERVER,
}


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
        self,
        traceparent: str | None,
        name: str,
        kind: Kind,
        attributes: Attributes,
        tracestate: str = "",
    ) -> OpenSpan:
        """Continue the trace of a `traceparent` header, or start one, in a new span."""
        above = read_parent(traceparent, tracestate)
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


def read_parent(traceparent: str | None, tracestate: str) -> Context:
    """Return a context in which the next span continues a trace, or starts one."""
    if (trace := Trace.parse(traceparent, tracestate)) is None:
        return Context()
    place = SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(trace.flags, 16)),
        trace_state=TraceState.from_header([trace.state]) if trace.state else None,
    )
    return set_span_in_context(NonRecordingSpan(place), Context())
