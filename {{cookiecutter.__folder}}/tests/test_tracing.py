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


PLACE = f"{'a' * 32}-{'b' * 16}"


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (f"00-{PLACE}-00", "00"),
        (f"01-{PLACE}-01", "01"),
        (f"cc-{PLACE}-01-what-the-future-will-be-like", "01"),
        (f"fe-{PLACE}-01-", "01"),
        (f"00-{PLACE}-03", "03"),
        (f"00-{PLACE}-ff", "03"),
    ],
)
def test_a_trace_of_a_later_version_is_continued_in_ours(header: str, flags: str) -> None:
    with follow_trace(header) as trace:
        assert trace.traceparent == f"00-{PLACE}-{flags}"


@pytest.mark.parametrize(
    "state",
    ["vendor=1", "a=1,b=2", "a=1, b=2 ,,c=3", "tenant@system=x y", "a=" + "v" * 256],
    ids=lambda state: state[:12],
)
def test_what_other_systems_say_of_a_trace_goes_on_with_it(state: str) -> None:
    with follow_trace(TRACEPARENT, state) as trace:
        assert trace.state == state


@pytest.mark.parametrize(
    "state",
    ["no value", "=1", "A=1", "a=1,b", "a=\x00", "a=ä", "a=b=c", "a=" + "v" * 600, "a=1," * 33],
    ids=lambda state: state[:8],
)
def test_a_state_that_is_not_valid_is_left_out_and_the_trace_goes_on(state: str) -> None:
    with follow_trace(TRACEPARENT, state) as trace:
        assert (trace.traceparent, trace.state) == (TRACEPARENT, "")


def test_a_state_without_a_trace_is_nothing() -> None:
    with follow_trace("nonsense", "vendor=1") as trace:
        assert trace.state == ""


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"ff-{PLACE}-01",
        f"00-{PLACE}-01-more",
        f"00-{PLACE}-01-",
        f"01-{PLACE}-01more",
        f"01-{PLACE}",
        f"00-{PLACE.upper()}-01",
    ],
)
def test_a_trace_that_is_none_is_replaced(header: str | None) -> None:
    assert Trace.parse(header) is None
    with follow_trace(header) as trace:
        assert Trace.parse(trace.traceparent) == trace
