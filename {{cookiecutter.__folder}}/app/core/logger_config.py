"""Where log lines go: JSON on standard output, and a file and Loki when they are set."""

import atexit
import logging
import sys

from app.core.config import CoreSettings
from app.core.log_format import JsonFormatter, TerminalFormatter
from app.core.log_sampling import RepeatedLines

# {% if cookiecutter.interface != "worker" %}
# Loggers whose lines would go their own way.
SERVER = ("gunicorn.error", "gunicorn.access", "uvicorn", "uvicorn.error", "uvicorn.access")
# {% endif %}
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
    written = settings.service, settings.log.redacted
    formatter = JsonFormatter(*written)
    repeated = RepeatedLines()
    atexit.register(sum_up, repeated)
    for handler in open_handlers(settings):
        stream = getattr(handler, "stream", None)
        is_seen = stream is not None and stream is sys.stdout and stream.isatty()
        handler.setFormatter(TerminalFormatter(*written) if is_seen else formatter)
        handler.addFilter(repeated)
        root.addHandler(handler)
    root.setLevel(settings.log.level)
    # No line of ours says them, and finding them out takes longer than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    quieten_libraries()
    # {% if cookiecutter.interface != "worker" %}
    adopt_server()
    # {% endif %}


def sum_up(repeated: RepeatedLines) -> None:
    """Say at the end of the process which lines were left out, if that can be heard."""
    streams = [getattr(each, "stream", None) for each in logging.getLogger().handlers]
    if not any(stream is not None and stream.closed for stream in streams):
        repeated.sum_up()


def quieten_libraries() -> None:
    """Let libraries say no more than what nobody else says."""
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    # {% if cookiecutter.interface != "worker" %}
    logging.getLogger("uvicorn.error").addFilter(tells_no_secret)
    # {% endif %}
# {% if cookiecutter.interface != "worker" %}


def tells_no_secret(record: logging.LogRecord) -> bool:
    """Tell whether a line of the server may be written.

    Those of WebSockets hold whole targets, with their tokens; on DEBUG all headers and messages.
    """
    return record.levelno >= logging.INFO and '"WebSocket ' not in str(record.msg)


def adopt_server() -> None:
    """Let the lines of the server go where all others go."""
    for name in SERVER:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
# {% endif %}


def open_handlers(settings: CoreSettings) -> list[logging.Handler]:
    """Return a handler for each place that log lines go to; only what it needs is imported."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log.file:
        from app.core.log_file import LogFile

        handlers.append(LogFile(settings.log.file))
    if settings.loki.url:
        from app.core.loki import BatchLokiHandler

        labels = {
            "service": settings.service.name,
            "environment": settings.process.environment,
        }
        handlers.append(BatchLokiHandler(settings.loki.url, labels))
    return handlers
