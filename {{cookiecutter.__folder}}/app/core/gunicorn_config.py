"""gunicorn's settings: `gunicorn -c app/core/gunicorn_config.py app.main:app`."""

import asyncio
import signal
import sys
from typing import Any, ClassVar

from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger as GunicornLogger
from uvicorn_worker import UvicornWorker

from app.core.config import load_core_settings
from app.core.draining_server import DrainingServer
from app.core.errors import SettingsError, StartupError
from app.core.http_protocol import HttpProtocol
from app.core.logger_config import adopt_server, configure_logging
from app.core.management_port import KEEP_ALIVE_SECONDS, ManagementPort, check_port
from app.core.shared_metrics import forget_process, remove_metrics, share_metrics
from app.core.uncaught import log_uncaught
from app.utils.logger import Logger

logger = Logger("app.core.gunicorn_config")

try:
    settings = load_core_settings()
    workers = settings.count_workers()
    # {% if cookiecutter.broker != "none" %}
    if settings.broker.is_memory and workers > 1:
        raise SettingsError(
            "WORKERS: the in-memory broker reaches one process only; "
            "set WORKERS=1 or point BROKER_URL at a broker"
        )
    # {% endif %}
    if workers > 1:
        share_metrics()
except SettingsError as error:
    sys.exit(str(error))
# In the master, before it says anything: its lines go where those of its workers go.
configure_logging(settings)
log_uncaught()


class ServerLogger(GunicornLogger):  # type: ignore[misc] # the library has no types
    """gunicorn's lines, of master and workers, on their way to where all others go."""

    def setup(self, cfg: Any) -> None:
        """Take no place of its own, also when the settings are read again."""
        super().setup(cfg)
        adopt_server()


class Worker(UvicornWorker):  # type: ignore[misc] # the library has no types
    """uvicorn in a gunicorn worker, with a stop that always reaches the lifespan's end."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "http": HttpProtocol,
        # A message of a WebSocket is what a body is to a request.
        "ws_max_size": settings.http.body_bytes,
    }

    def init_signals(self) -> None:
        """Let a stop end as Python ends, so that the last log lines are sent."""
        super().init_signals()
        # uvicorn passes these on when it has shut down; unhandled, they would cut that short.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit())

    def init_process(self) -> None:
        """Load the application and serve; log what ends that, which gunicorn would print, too."""
        try:
            super().init_process()
        except SystemExit as end:
            if not isinstance(end.code, str):
                raise
            # A sentence about settings, which are the same for the next worker.
            logger.error(end.code)
            sys.exit(Arbiter.APP_LOAD_ERROR)
        except Exception:
            # Whatever it is, gunicorn would print it, where no line is read.
            logger.exception("worker ends with an error")
            sys.exit(1 if self.booted else Arbiter.WORKER_BOOT_ERROR)

    def run(self) -> None:
        """Serve, with the server's lines where ours go, also in a process with `--preload`."""
        adopt_server()
        super().run()

    async def _serve(self) -> None:
        # The library's own hands no grace period on: one long request would mean SIGKILL.
        self.config.app = self.wsgi
        # Not gunicorn's wrappers: uvloop closes what they hold, which they would close again.
        sockets = [each.sock for each in self.sockets]
        server = DrainingServer(self.config, settings.process.grace_seconds)
        # What gunicorn sends when Ctrl+C has ended it: the server ends as it does then.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, server.handle_exit, signal.SIGINT, None)
        await server.serve(sockets=sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


# Workers wait for it, and none of them ends because another one has it.
ManagementPort.is_shared = True
host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
bind = f"{host}:{settings.http.port}"
logger_class = ServerLogger
worker_class = Worker
# What is open has time to close when the grace period is over.
graceful_timeout = settings.process.grace_seconds + 5
# A worker that a reload ends says no more that it is alive: do not kill it for that.
timeout = max(30, graceful_timeout)
keepalive = KEEP_ALIVE_SECONDS
# The control socket would be written to the home folder, which is read-only in a container.
control_socket_disable = True


def on_starting(_: object) -> None:
    """Exit with one line when something else has the management port: workers would wait for it."""
    try:
        check_port(settings.management)
    except StartupError as error:
        logger.error(str(error))
        sys.exit(1)


def child_exit(_: object, worker: Any) -> None:
    """Let the gauges forget a worker that has ended."""
    forget_process(worker.pid)


def on_exit(_: object) -> None:
    """Delete what was shared."""
    remove_metrics()
