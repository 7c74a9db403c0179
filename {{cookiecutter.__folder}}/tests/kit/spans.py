"""Spans that are kept for a test to look at, instead of sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from app.core.config import load_core_settings
from app.core.tracing import use_spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class RecordedSpans:
    """The spans that have ended, oldest first."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        """Look at what the exporter was handed."""
        self._exporter = exporter

    def list(self) -> tuple[ReadableSpan, ...]:
        """Return them all."""
        return self._exporter.get_finished_spans()

    def get(self, name: str) -> ReadableSpan:
        """Return the one span with a name."""
        [found] = [span for span in self.list() if span.name == name]
        return found

    def read(self, name: str) -> dict[str, object]:
        """Return the attributes of the one span with a name."""
        return dict(self.get(name).attributes or {})

    def name_parent(self, name: str) -> str | None:
        """Return the name of the span above; None when there is none here."""
        above = self.get(name).parent
        ids = (above.trace_id, above.span_id) if above else None
        places = {(each.context.trace_id, each.context.span_id): each for each in self.list()}
        return places[ids].name if ids in places else None


@pytest.fixture
def spans() -> Iterator[RecordedSpans]:
    """Record spans during the test; name it before what they are about: `client`, `opened`."""
    # Other tests are spared the library.
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    from app.core.span_export import make_provider  # noqa: PLC0415
    from app.core.spans import OpenTelemetrySpans  # noqa: PLC0415

    exporter = InMemorySpanExporter()
    provider = make_provider(load_core_settings())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with use_spans(OpenTelemetrySpans(provider)):
        yield RecordedSpans(exporter)
