"""What sends spans in batches, counts them, and says once that it cannot."""

import logging
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from app.utils.logger import Logger

logger = Logger(__name__)

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
        logging.getLogger(QUEUE_LOGGER).setLevel(logging.WARNING)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; one that is not taken in time is given up."""
        result = self._exporter.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self.is_failing:
            logger.warning("spans are lost, the collector takes none", error=LAST_WORD.text)
        if self.is_failing and not is_failing:
            logger.info("spans are sent again")
        self.is_failing = is_failing
        # That the queue gets full follows; otherwise the SDK says so, once in 20 seconds.
        level = logging.ERROR if is_failing else logging.WARNING
        logging.getLogger(QUEUE_LOGGER).setLevel(level)
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
