"""Spans as blocks: each ends with its own, and knows which error ended it."""

from types import TracebackType
from typing import Self

from opentelemetry import context
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from app.core.trace_context import Trace


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


def read_trace(span: Span) -> Trace:
    """Return where a span is in its trace."""
    place = span.get_span_context()
    return Trace(
        f"{place.trace_id:032x}",
        f"{place.span_id:016x}",
        f"{place.trace_flags:02x}",
        place.trace_state.to_header(),
    )


def end_span(span: Span, error: BaseException | None) -> None:
    """End a span, as failed if there was an error."""
    if error is not None:
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(StatusCode.ERROR)
    span.end()
