"""Where log lines go: JSON on standard output, and a file and Loki when they are set."""

import logging
import sys
from logging.handlers import RotatingFileHandler

from app.core.config import CoreSettings
from app.core.log_format import JsonFormatter
from app.core.loki import LokiQueueHandler

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
