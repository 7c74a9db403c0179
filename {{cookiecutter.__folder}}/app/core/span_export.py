"""Spans to the collector, from a thread that the SDK starts: a slow collector slows nobody."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from threading import Thread

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.core.spans import OpenTelemetrySpans
from app.core.tracing import use_spans
from app.utils.logger import Logger

logger = Logger(__name__)

PATH = "/v1/traces"
# What is still there then is lost: nobody waits longer for a collector.
FLUSH_SECONDS = 3.0
EXPORT_LOGGER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
QUEUE_LOGGER = "opentelemetry.sdk._shared_internal"


class LastWord(logging.Filter):
    """Keep what the exporter last said of why it failed, which it tells nobody else."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let nothing pass: each attempt to send each batch would be a line."""
        self.text = record.getMessage()
        return False


LAST_WORD = LastWord()


class SpanSender(SpanExporter):
    """Send spans; log when the collector stops taking them and when it takes them again."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Send through an exporter, whose own lines would be many."""
        self._exporter = exporter
        self.sent = 0
        self.is_failing = False
        self._is_shut = False
        logging.getLogger(EXPORT_LOGGER).addFilter(LAST_WORD)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; one that is not taken in time is given up."""
        result = self._exporter.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self.is_failing:
            logger.warning("spans are lost, the collector takes none", error=LAST_WORD.text)
        if self.is_failing and not is_failing:
            logger.info("spans are sent again")
        self.is_failing = is_failing
        self.sent += 0 if is_failing else len(spans)
        return result

    def shutdown(self) -> None:
        """Stop sending, and trying."""
        if not self._is_shut:
            self._is_shut = True
            self._exporter.shutdown()


class SpanQueue(BatchSpanProcessor):
    """Keep spans until they are sent; the SDK drops those that find it full."""

    ended = 0
    """How many spans there were."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span that is over."""
        self.ended += 1
        super().on_end(span)


def make_provider(core: CoreSettings) -> TracerProvider:
    """Return what makes spans of the service; they go nowhere yet."""
    ratio = TraceIdRatioBased(core.traces.traces_sampler_arg)
    names = {
        "service.name": core.service.name,
        "service.version": core.service.version,
        "deployment.environment.name": core.process.environment,
    }
    return TracerProvider(ParentBased(ratio), Resource.create(names), shutdown_on_exit=False)


def make_sender(core: CoreSettings) -> SpanSender:
    """Return what sends spans to the collector of the settings."""
    url = f"{(core.traces.exporter_otlp_endpoint or '').rstrip('/')}{PATH}"
    return SpanSender(OTLPSpanExporter(url, headers=core.traces.read_headers()))


@asynccontextmanager
async def export_spans(core: CoreSettings) -> AsyncIterator[None]:
    """Record spans while the block runs, and send them; raises StartupError."""
    # That the queue is full it says once in 20 seconds; what it says below that helps nobody.
    logging.getLogger(QUEUE_LOGGER).setLevel(logging.WARNING)
    try:
        provider, sender = make_provider(core), make_sender(core)
        queue = SpanQueue(sender)
    except ValueError as error:
        raise StartupError(f"OTEL_*: one of these variables makes no sense: {error}") from error
    provider.add_span_processor(queue)
    # For libraries, and for spans of the service's own.
    trace.set_tracer_provider(provider)
    try:
        with use_spans(OpenTelemetrySpans(provider)):
            yield
    finally:
        await flush(queue, sender)


async def flush(queue: SpanQueue, sender: SpanSender) -> None:
    """Send what is left, unless the collector takes nothing; count what is lost."""
    if sender.is_failing:
        sender.shutdown()
    # A thread of our own: the process may end before it does.
    thread = Thread(target=queue.shutdown, daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, FLUSH_SECONDS)
    if lost := queue.ended - sender.sent:
        logger.warning("spans were lost", lost=lost, of=queue.ended)
