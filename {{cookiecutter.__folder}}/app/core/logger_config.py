"""Where log lines go: JSON on standard output, and a file and Loki when they are set."""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from typing import Any

from pydantic_core import to_json

from app.core.config import CoreSettings, ServiceSettings
from app.core.loki import LokiQueueHandler
from app.core.tracing import current_trace

FILE_BYTES = 10_000_000
FILE_COUNT = 5
# Servers and clients that bring handlers of their own, or say too much.
QUIET = {
    # {% if cookiecutter.interface != "worker" %}
    "uvicorn.access": logging.WARNING,
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "rabbitmq") %}
    "aio_pika": logging.WARNING,
    "aiormq": logging.CRITICAL,
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "kafka") %}
    # What it says itself is of connecting, which raises an error too.
    "aiokafka": logging.CRITICAL,
    "aiokafka.consumer": logging.ERROR,
    "aiokafka.producer": logging.ERROR,
    # {% endif %}
    "asyncio": logging.WARNING,
}


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON, with its fields and the trace that it belongs to."""

    def __init__(self, service: ServiceSettings) -> None:
        """Name the service, and its version, that every line carries."""
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": format_time(record.created),
            "level": record.levelname.lower(),
            "service": self._service.name,
            "version": self._service.version,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := current_trace():
            line["trace_id"] = trace.trace_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        try:
            # A third of what json takes.
            return to_json(line, fallback=str).decode()
        except ValueError:
            # Halves of characters, or bytes that are no text.
            return json.dumps(line, default=str)


def format_time(created: float) -> str:
    """Return a moment in UTC with milliseconds."""
    seconds = int(created)
    return f"{format_second(seconds)}.{int((created - seconds) * 1000):03}+00:00"


@lru_cache(maxsize=2)
def format_second(seconds: int) -> str:
    """Return a moment in UTC; a busy service asks for the same one many times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def configure_logging(settings: CoreSettings) -> None:
    """Send the records of every logger to the places that the settings name."""
    root = logging.getLogger()
    for handler in (*root.handlers,):
        root.removeHandler(handler)
    formatter = JsonFormatter(settings.service)
    for handler in open_handlers(settings):
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(settings.log.level)
    # No line of ours says them, and finding them out takes longer than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    quieten_libraries()
    # {% if cookiecutter.interface != "worker" %}
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # {% endif %}


def quieten_libraries() -> None:
    """Let libraries say no more than what nobody else says."""
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)


def open_handlers(settings: CoreSettings) -> list[logging.Handler]:
    """Return a handler for each place that log lines go to."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log.file:
        handlers.append(
            RotatingFileHandler(
                settings.log.file, maxBytes=FILE_BYTES, backupCount=FILE_COUNT, encoding="utf-8"
            )
        )
    if settings.loki.url:
        handlers.append(LokiQueueHandler(settings.loki.url, settings.service.name))
    return handlers
