"""gunicorn's settings: `gunicorn -c app/core/gunicorn_config.py app.main:app`."""

import signal
import sys
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from app.core.config import load_core_settings
from app.core.errors import SettingsError
from app.core.logger_config import adopt_server
from app.core.shared_metrics import forget_process, remove_metrics, share_metrics

try:
    settings = load_core_settings()
    # {% if cookiecutter.broker != "none" %}
    if settings.broker.is_memory and settings.http.workers > 1:
        raise SettingsError(
            "WORKERS: the in-memory broker reaches one process only; "
            "set WORKERS=1 or point BROKER_URL at a broker"
        )
    # {% endif %}
    if settings.http.workers > 1:
        share_metrics()
except SettingsError as error:
    sys.exit(str(error))


class Worker(UvicornWorker):  # type: ignore[misc] # the library has no types
    """uvicorn in a gunicorn worker, with a stop that always reaches the lifespan's end.

    The worker library does not hand gunicorn's grace period on: without a timeout of uvicorn's
    own, one long request means SIGKILL and no shutdown of ours.
    """

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "timeout_graceful_shutdown": settings.process.grace_seconds,
    }

    def init_signals(self) -> None:
        """Let a stop end as Python ends, so that the last log lines are sent."""
        super().init_signals()
        # uvicorn passes SIGTERM on when it has shut down; unhandled, it would cut that short.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())

    def run(self) -> None:
        """Serve, with the server's lines where ours go, also in a process with `--preload`."""
        adopt_server()
        super().run()


bind = f"{settings.http.host}:{settings.http.port}"
workers = settings.http.workers
worker_class = Worker
# Above uvicorn's own, so that the lifespan's shutdown has time left.
graceful_timeout = settings.process.grace_seconds + 5
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
