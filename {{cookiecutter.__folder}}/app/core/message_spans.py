"""A span for each message on its way out and in; without spans, only its trace is followed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from app.core.trace_context import Trace
from app.core.tracing import Kind, Spans, current_trace, follow_trace, get_spans
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker


def trace_publish(
    broker: MessageBroker, message: Envelope, operation: str = "send", kind: Kind = "producer"
) -> AbstractContextManager[Envelope]:
    """Publish in a span; yields the message as it is to be sent, which leads back to the span."""
    if (spans := get_spans()) is None:
        return nullcontext(message)
    return hand_on(spans, message, kind, describe(broker, message, operation))


def trace_delivery(
    broker: MessageBroker, message: Envelope, group: str, kind: Kind = "consumer"
) -> AbstractContextManager[Trace]:
    """Follow the message's trace while a group handles it."""
    if (spans := get_spans()) is None:
        return follow_trace(message.traceparent, message.tracestate)
    attributes = describe(broker, message, "process") | {"messaging.consumer.group.name": group}
    name = f"process {message.topic}"
    return spans.follow(message.traceparent, name, kind, attributes, message.tracestate)


def join_trace(message: Envelope) -> Envelope:
    """Return a new message as a part of the current trace, if there is one."""
    trace = current_trace()
    return message.with_trace(trace.traceparent, trace.state) if trace else message


@contextmanager
def hand_on(
    spans: Spans, message: Envelope, kind: Kind, attributes: dict[str, str | int]
) -> Iterator[Envelope]:
    """Yield the message with the place of a span that continues its trace."""
    name = f"{attributes['messaging.operation.name']} {message.topic}"
    with spans.follow(message.traceparent, name, kind, attributes, message.tracestate) as trace:
        yield message.with_trace(trace.traceparent, trace.state)


def describe(broker: MessageBroker, message: Envelope, operation: str) -> dict[str, str | int]:
    """Return what the span of a message tells of it."""
    return {
        "messaging.system": broker.system,
        "messaging.destination.name": message.topic,
        "messaging.operation.name": operation,
        "messaging.operation.type": "process" if operation == "process" else "send",
        "messaging.message.id": message.id,
    }
