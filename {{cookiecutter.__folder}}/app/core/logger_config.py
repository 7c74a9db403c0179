"""Where log lines go: JSON on standard output, and a file and Loki when they are set."""

import atexit
import logging
import sys

from app.core.config import LinePlaces
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
    # {% if cookiecutter.database != "none" %}
    # Each of its plugins, when it is imported.
    "alembic.runtime.plugins": logging.WARNING,
    # {% endif %}
    "asyncio": logging.WARNING,
}


class Configured:
    """What `configure_logging` has done in this process, or in the one that forked it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.wanted: object = None
        self.handlers: list[logging.Handler] = []
        self.repeated = RepeatedLines()


configured = Configured()


def configure_logging(settings: LinePlaces) -> None:
    """Send the records of every logger to the places that the settings name.

    A process that starts others does it first: they go on with what it has opened.
    """
    root = logging.getLogger()
    wanted = (settings.service, settings.log, settings.loki, settings.process.environment)
    if wanted != configured.wanted or root.handlers != configured.handlers:
        open_places(root, settings)
        configured.wanted = wanted
    root.setLevel(settings.log.level)
    # No line of ours says them, and finding them out takes longer than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    quieten_libraries()
    # {% if cookiecutter.interface != "worker" %}
    adopt_server()
    # {% endif %}


def open_places(root: logging.Logger, settings: LinePlaces) -> None:
    """Open a handler for each place, instead of those that there were."""
    written = settings.service, settings.log.redacted
    formatter = JsonFormatter(*written)
    repeated = RepeatedLines()
    handlers = open_handlers(settings)
    for handler in handlers:
        stream = getattr(handler, "stream", None)
        is_seen = stream is not None and stream is sys.stdout and stream.isatty()
        handler.setFormatter(TerminalFormatter(*written) if is_seen else formatter)
        # {% if cookiecutter.broker in ("both", "kafka") or cookiecutter.database == "mysql" %}
        handler.addFilter(soften)
        # {% endif %}
        handler.addFilter(repeated)
    sum_up()
    for handler in (*root.handlers,):
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    before, configured.handlers, configured.repeated = configured.handlers, handlers, repeated
    for handler in before:
        # What waits in it is sent.
        handler.close()


# {% if cookiecutter.broker in ("both", "kafka") or cookiecutter.database == "mysql" %}
def soften(record: logging.LogRecord) -> bool:
    """Take down the level of what a library says, and mends itself."""
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "kafka") %}
    # It tries again; what it cannot mend it raises, or logs with its traceback.
    is_error = record.levelno == logging.ERROR and not record.exc_info
    if is_error and record.name.startswith("aiokafka."):
        set_level(record, logging.WARNING)
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    # Of the table in which Alembic keeps what has run.
    if record.name == "asyncmy" and str(record.msg).endswith("ignored for PRIMARY key."):
        set_level(record, logging.INFO)
    # {% endif %}
    # {% if cookiecutter.broker in ("both", "kafka") or cookiecutter.database == "mysql" %}
    return True


def set_level(record: logging.LogRecord, level: int) -> None:
    """Give a record another level."""
    record.levelno, record.levelname = level, logging.getLevelName(level)


# {% endif %}
@atexit.register
def sum_up() -> None:
    """Say at the end of the process which lines were left out, if that can be heard."""
    streams = [getattr(each, "stream", None) for each in logging.getLogger().handlers]
    if not any(stream is not None and stream.closed for stream in streams):
        configured.repeated.sum_up()


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
    """Let the lines of the server go where all others go, from the level on that all have."""
    for name in SERVER:
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
        server.setLevel(QUIET.get(name, logging.NOTSET))
# {% endif %}


def open_handlers(settings: LinePlaces) -> list[logging.Handler]:
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
