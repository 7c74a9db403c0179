"""What a log line looks like: JSON with its fields and its trace."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from pydantic_core import to_json

from app.core.config import ServiceSettings
from app.core.log_context import log_context
from app.core.redaction import Redactor, hide_in_urls
from app.core.tracing import current_trace, get_spans


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON, with its fields and the work that it belongs to."""

    def __init__(self, service: ServiceSettings, redacted: Iterable[str] = ()) -> None:
        """Name the service, and its version, that every line carries, and further secrets."""
        super().__init__()
        self._service = service
        self._redactor = Redactor(redacted)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; it is made once, however many places it goes to."""
        made: dict[JsonFormatter, str] = record.__dict__.setdefault(__name__, {})
        if self not in made:
            made[self] = hide_in_urls(write_line(self._collect(record)))
        return made[self]

    def _collect(self, record: logging.LogRecord) -> dict[str, object]:
        line: dict[str, object] = {
            "time": format_time(record.created),
            "level": record.levelname.lower(),
            "service": self._service.name,
            "version": self._service.version,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := current_trace():
            line["trace_id"] = trace.trace_id
            if get_spans():
                line["span_id"] = trace.span_id
        if context := log_context.get():
            line |= context
        if fields := record.__dict__.get("fields"):
            line |= self._redactor.hide(fields)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return line


def write_line(line: dict[str, object]) -> str:
    """Return the JSON of a line."""
    try:
        # A third of what json takes.
        return to_json(line, fallback=str).decode()
    except ValueError:
        # Halves of characters, or bytes that are no text.
        return json.dumps(line, default=str, skipkeys=True)


def format_time(created: float) -> str:
    """Return a moment in UTC with milliseconds."""
    seconds = int(created)
    return f"{format_second(seconds)}.{int((created - seconds) * 1000):03}+00:00"


@lru_cache(maxsize=2)
def format_second(seconds: int) -> str:
    """Return a moment in UTC; a busy service asks for the same one many times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
