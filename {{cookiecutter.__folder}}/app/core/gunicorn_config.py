"""gunicorn's settings: `gunicorn -c app/core/gunicorn_config.py app.main:app`."""

import signal
import sys
from typing import Any

from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from uvicorn_worker import UvicornWorker

from app.core.config import load_core_settings
from app.core.draining_server import DrainingServer
from app.core.errors import SettingsError
from app.core.logger_config import adopt_server
from app.core.shared_metrics import forget_process, remove_metrics, share_metrics

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


class Worker(UvicornWorker):  # type: ignore[misc] # the library has no types
    """uvicorn in a gunicorn worker, with a stop that always reaches the lifespan's end."""

    def init_signals(self) -> None:
        """Let a stop end as Python ends, so that the last log lines are sent."""
        super().init_signals()
        # uvicorn passes SIGTERM on when it has shut down; unhandled, it would cut that short.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())

    def run(self) -> None:
        """Serve, with the server's lines where ours go, also in a process with `--preload`."""
        adopt_server()
        super().run()

    async def _serve(self) -> None:
        # The library's own hands no grace period on: one long request would mean SIGKILL.
        self.config.app = self.wsgi
        server = DrainingServer(self.config, settings.process.grace_seconds)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


bind = f"{settings.http.host}:{settings.http.port}"
worker_class = Worker
# What is open has time to close when the grace period is over.
graceful_timeout = settings.process.grace_seconds + 5
# A worker that a reload ends says no more that it is alive: do not kill it for that.
timeout = max(30, graceful_timeout)
# Longer than a load balancer keeps its connections (60 s is usual), or it meets closed ones.
keepalive = 75
# The control socket would be written to the home folder, which is read-only in a container.
control_socket_disable = True


def child_exit(_: object, worker: Any) -> None:
    """Let the gauges forget a worker that has ended."""
    forget_process(worker.pid)


def on_exit(_: object) -> None:
    """Delete what was shared."""
    remove_metrics()
