"""What a log line looks like: JSON with its fields and its trace."""

import json
import logging
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from pydantic_core import to_json

from app.core.config import ServiceSettings
from app.core.log_context import log_context
from app.core.redaction import Redactor, hide_in_urls
from app.core.tracing import current_trace, get_spans

# What is the same in every line of a process, and what only machines follow.
UNTOLD = {"service", "version", "trace_id", "span_id", "request_id"}


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
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        if context := log_context.get():
            add_fields(line, context)
        # A library can have put something else there.
        if isinstance(fields := record.__dict__.get("fields"), Mapping) and fields:
            add_fields(line, self._redactor.hide(fields))
        return line


class TerminalFormatter(JsonFormatter):
    """Write what the JSON has for whoever sits at a terminal: time, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it the traceback if there is one."""
        line = self._collect(record)
        error = line.pop("error", None)
        moment, level = str(line.pop("time")), str(line.pop("level"))
        said = line.pop("message")
        fields = " ".join(f"{name}={value}" for name, value in line.items() if name not in UNTOLD)
        text = f"{moment[11:23]} {level.upper():<8} {said}  {fields}".rstrip()
        return hide_in_urls(f"{text}\n{error}" if error else text)


def add_fields(line: dict[str, object], fields: Mapping[str, object]) -> None:
    """Add fields to a line; one whose name the line has already is `field_NAME`."""
    if line.keys().isdisjoint(fields):
        line |= fields
        return
    for name, value in fields.items():
        if name not in line:
            line[name] = value
        elif line[name] != value:
            line[f"field_{name}"] = value


def write_line(line: dict[str, object]) -> str:
    """Return the JSON of a line; numbers that JSON has not, NaN and infinities, are texts."""
    try:
        # A third of what json takes.
        return to_json(line, fallback=str, inf_nan_mode="strings").decode()
    except ValueError:
        # Halves of characters, or bytes that are no text.
        return json.dumps(name_numbers(line), default=str, skipkeys=True, allow_nan=False)


def name_numbers(value: object) -> object:
    """Return a value with texts for the numbers that JSON has not."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case Mapping():
            return {
                name_numbers(name) if isinstance(name, float) else name: name_numbers(each)
                for name, each in value.items()
            }
        case list() | tuple():
            return [name_numbers(each) for each in value]
    return value


def format_time(created: float) -> str:
    """Return a moment in UTC with milliseconds."""
    seconds = int(created)
    return f"{format_second(seconds)}.{int((created - seconds) * 1000):03}+00:00"


@lru_cache(maxsize=2)
def format_second(seconds: int) -> str:
    """Return a moment in UTC; a busy service asks for the same one many times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
