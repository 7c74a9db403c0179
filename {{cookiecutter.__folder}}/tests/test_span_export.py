"""Spans reach the collector, and a collector that does not take them costs a log line."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core import span_export
from app.core.config import CoreSettings, load_core_settings
from app.core.errors import SettingsError, StartupError
from app.core.span_export import export_spans
from app.core.span_sender import SpanSender
from app.core.tracing import current_trace, get_spans, start_trace
from tests.span_collector import Collector

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
LOST = "spans are lost, the collector takes none"
COUNTED = "spans were lost"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()
    monkeypatch.setenv(ENDPOINT, collector.url)
    # Which can be done once in a process.
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", lambda _: None)
    thread = Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield collector
    collector.hangs.set()
    collector.server.shutdown()
    collector.server.server_close()
    thread.join()


@pytest.fixture
def core(collector: Collector) -> CoreSettings:
    del collector  # Only its place is needed, and is set by now.
    return load_core_settings()


async def send(core: CoreSettings, name: str = "work") -> None:
    """Record a span, and send it before this returns."""
    async with export_spans(core):
        with start_trace(name):
            pass


async def test_spans_arrive_before_the_service_ends(
    core: CoreSettings, collector: Collector
) -> None:
    await send(core)
    assert collector.names == ["work"]
    assert collector.headers[0]["path"] == "/v1/traces"
    assert get_spans() is None


async def test_the_services_own_spans_are_sent_too(
    core: CoreSettings, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers: list[TracerProvider] = []
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", providers.append)
    async with export_spans(core):
        tracer = providers[0].get_tracer("shop")
        with start_trace("work") as work, tracer.start_as_current_span("own"):
            own = current_trace()
    assert collector.names == ["own", "work"]
    assert own is not None
    assert own.trace_id == work.trace_id
    assert own.span_id != work.span_id


async def test_the_collector_gets_its_headers_from_a_file(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("authorization=Bearer%20hunter2,x-team=shop\n")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS_FILE", str(secret))
    await send(load_core_settings())
    sent = collector.headers[0]
    assert (sent["authorization"], sent["x-team"]) == ("Bearer hunter2", "shop")


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_collector_that_refuses_costs_two_lines(
    core: CoreSettings, collector: Collector, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    collector.status = status
    await send(core)
    assert [record.getMessage() for record in caplog.records] == [LOST, COUNTED]
    assert str(status) in vars(caplog.records[0])["fields"]["error"]
    assert vars(caplog.records[1])["fields"] == {"lost": 1, "of": 1}


@pytest.mark.parametrize("is_there", [True, False])
async def test_nobody_waits_for_a_collector_that_does_not_answer(
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    is_there: bool,
) -> None:
    monkeypatch.setattr(span_export, "FLUSH_SECONDS", 0.05)
    collector.hangs.clear()
    if not is_there:
        monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    await send(load_core_settings())
    assert caplog.records[-1].getMessage() == COUNTED


class Exporter(InMemorySpanExporter):
    """Takes spans, or not."""

    takes = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        taken = super().export(spans)
        return taken if self.takes else SpanExportResult.FAILURE


def test_a_change_of_state_is_a_line_not_each_batch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    exporter = Exporter()
    sender = SpanSender(exporter)
    for exporter.takes in (True, False, False, False, True, True):
        sender.export([])
    assert [record.getMessage() for record in caplog.records] == [LOST, "spans are sent again"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (ENDPOINT, "collector:4317"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"^{variable}: [^\n]+$") as refused:
        load_core_settings()
    assert "hunter2" not in str(refused.value)


async def test_nonsense_for_the_library_is_refused_too(
    core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with pytest.raises(StartupError, match=r"^OTEL_\*: [^\n]*max_queue_size"):
        await send(core)
