"""Spans: below what caused them, failed when their block failed, and nothing at all when off."""

import json
import logging
# {% if cookiecutter.cache == "redis" %}
import os
# {% endif %}
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.config import ServiceSettings
from app.core.log_format import JsonFormatter
from app.core.spans import OpenTelemetrySpans
from app.core.trace_context import Trace
from app.core.tracing import (
    current_trace,
    fail_span,
    get_spans,
    note_error,
    start_trace,
    trace_call,
)
# {% if cookiecutter.cache == "redis" %}
from app.services.redis import RedisCache
# {% endif %}
from tests.kit.spans import RecordedSpans

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"
UNSAMPLED = f"00-{'a' * 32}-{'b' * 16}-00"
ROOT = Path(__file__).parents[1]


def follow(traceparent: str | None) -> Trace:
    """Return the place of a span that continues the trace."""
    spans = get_spans()
    assert isinstance(spans, OpenTelemetrySpans)
    with spans.follow(traceparent, "work", "server", {}) as trace:
        assert current_trace() == trace
    return trace


def test_a_span_continues_the_trace_that_came(spans: RecordedSpans) -> None:
    trace = follow(TRACEPARENT)
    above = spans.get("work").parent
    assert above is not None
    assert trace.trace_id == "a" * 32
    assert f"{above.span_id:016x}" == "b" * 16


def test_a_span_hands_on_what_other_systems_say_of_its_trace(spans: RecordedSpans) -> None:
    recorder = get_spans()
    assert isinstance(recorder, OpenTelemetrySpans)
    with recorder.follow(TRACEPARENT, "work", "server", {}, "a=1,b=2") as trace:
        assert trace.state == "a=1,b=2"
    assert spans.get("work").context.trace_state.to_header() == "a=1,b=2"


@pytest.mark.parametrize("header", [None, "", "nonsense", f"00-{'0' * 32}-{'b' * 16}-01"])
def test_a_trace_begins_where_none_came(spans: RecordedSpans, header: str | None) -> None:
    follow(header)
    assert spans.get("work").parent is None


def test_a_trace_that_is_not_recorded_goes_on_with_its_id(spans: RecordedSpans) -> None:
    trace = follow(UNSAMPLED)
    assert (trace.trace_id, int(trace.flags, 16) & 1) == ("a" * 32, 0)
    assert spans.list() == ()


def test_a_part_of_the_traces_can_be_recorded(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    spans: RecordedSpans = request.getfixturevalue("spans")
    assert int(follow(None).flags, 16) & 1 == 0
    follow(TRACEPARENT)
    assert len(spans.list()) == 1


def test_spans_name_the_service(spans: RecordedSpans) -> None:
    follow(None)
    names = spans.get("work").resource.attributes
    assert names["service.name"] == ServiceSettings().name
    assert names["service.version"] == ServiceSettings().version
    assert names["deployment.environment.name"] == "test"


def test_a_question_to_a_server_is_below_what_asks(spans: RecordedSpans) -> None:
    with start_trace("work"), trace_call("GET", {"db.system.name": "test"}):
        pass
    assert spans.name_parent("GET") == "work"
    assert spans.read("GET") == {"db.system.name": "test"}


def test_a_question_that_nothing_caused_is_not_recorded(spans: RecordedSpans) -> None:
    with trace_call("GET", {}):
        pass
    assert spans.list() == ()


def test_what_a_server_says_of_an_error_is_not_told(spans: RecordedSpans) -> None:
    with start_trace("work"), pytest.raises(ValueError, match="hunter2"), trace_call("GET", {}):
        raise ValueError("hunter2")
    failed = spans.get("GET")
    assert not failed.status.is_ok
    assert "hunter2" not in failed.to_json()
    assert spans.read("GET") == {"error.type": "ValueError"}
    assert spans.get("work").status.is_ok


def test_a_block_that_fails_is_told_with_its_error(spans: RecordedSpans) -> None:
    with pytest.raises(RuntimeError), start_trace("work"):
        raise RuntimeError("no")
    assert not spans.get("work").status.is_ok
    assert spans.read("work") == {"error.type": "RuntimeError"}
    assert [event.name for event in spans.get("work").events] == ["exception"]


def test_an_error_that_was_dealt_with_is_told_and_no_failure(spans: RecordedSpans) -> None:
    with start_trace("work"):
        note_error(RuntimeError("no"), attempt=2)
    [event] = spans.get("work").events
    assert (event.attributes or {})["attempt"] == 2
    assert spans.get("work").status.is_ok


def test_log_lines_name_their_span(spans: RecordedSpans) -> None:
    record = logging.makeLogRecord({"msg": "hello"})
    with start_trace("work") as trace:
        line = json.loads(JsonFormatter(ServiceSettings()).format(record))
    assert (line["trace_id"], line["span_id"]) == (trace.trace_id, trace.span_id)
    assert len(spans.list()) == 1


def test_without_spans_nothing_is_told_of_errors() -> None:
    with start_trace("work"), trace_call("GET", {}):
        note_error(RuntimeError("no"))
        fail_span("no")


def test_without_a_collector_nothing_that_sends_is_imported() -> None:
    # The API of the library, and for its own metrics more, are imported by others.
    wanted = "'app.core.span', 'google.protobuf', 'opentelemetry.exporter'"
    code = f"import sys, app.lifespan; print([n for n in sys.modules if n.startswith(({wanted}))])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
# {% if cookiecutter.cache == "redis" %}


@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="TEST_REDIS_URL is not set")
async def test_what_redis_is_asked_is_told_without_names(spans: RecordedSpans) -> None:
    cache = RedisCache(os.environ["TEST_REDIS_URL"], prefix="test")
    with start_trace("work"):
        assert await cache.read("hunter2") is None
    await cache.ping()
    await cache.close()
    assert spans.name_parent("GET") == "work"
    assert spans.read("GET") == {"db.system.name": "redis", "db.operation.name": "GET"}
    assert len(spans.list()) == 2
# {% endif %}
