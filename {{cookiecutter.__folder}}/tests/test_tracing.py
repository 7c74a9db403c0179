"""Traces: continued when the caller sent one, started otherwise."""

import pytest

from app.core.trace_context import Trace
from app.core.tracing import current_trace, follow_trace

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"


def test_a_trace_that_came_is_continued() -> None:
    with follow_trace(TRACEPARENT):
        trace = current_trace()
        assert trace is not None
        assert trace.traceparent == TRACEPARENT
    assert current_trace() is None


@pytest.mark.parametrize(
    "header", [None, "", "nonsense", f"00-{'0' * 32}-{'b' * 16}-01", f"01-{'a' * 32}-{'b' * 16}-01"]
)
def test_a_trace_that_is_none_is_replaced(header: str | None) -> None:
    assert Trace.parse(header) is None
    with follow_trace(header) as trace:
        assert Trace.parse(trace.traceparent) == trace
