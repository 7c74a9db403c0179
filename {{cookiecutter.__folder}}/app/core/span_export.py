"""Spans to the collector, from a thread that the SDK starts: a slow collector slows nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.core.span_sender import SpanQueue, SpanSender
from app.core.spans import OpenTelemetrySpans
from app.core.tracing import use_spans
from app.utils.logger import Logger

logger = Logger(__name__)

PATH = "/v1/traces"
# What is still there then is lost: nobody waits longer for a collector.
FLUSH_SECONDS = 3.0


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
    if (lost := queue.ended - sender.sent) > 0:
        logger.warning("spans were lost", lost=lost, of=queue.ended)
