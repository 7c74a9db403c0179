"""The worker's entry point: the same composition as the API's, without HTTP."""

import asyncio
import signal
import sys

from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.drain import begin_drain
# {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker != "none" %}
from app.core.errors import SettingsError, StartupError
# {% endif %}
# {% if cookiecutter.interface == "worker" or cookiecutter.broker == "none" %}
from app.core.errors import StartupError
# {% endif %}
from app.core.health import Health
from app.core.health_server import open_health_server
from app.core.logger_config import configure_logging
from app.core.uncaught import log_uncaught
from app.domain.settings import Settings
from app.lifespan import open_worker
from app.utils.logger import Logger

logger = Logger(__name__)


async def work(core: CoreSettings, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in flight."""
    stopped = asyncio.Event()

    def stop() -> None:
        begin_drain()
        stopped.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with open_health_server(core) as server, open_worker(core, settings) as opened:
        server.health = opened[Health]
        logger.info("worker started")
        await stopped.wait()
        logger.info("worker stopping")


def main() -> None:
    """Run the worker; exit with one line when it cannot start."""
    try:
        core = load_core_settings()
        settings = load_settings(Settings, core)
        # {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker != "none" %}
        if core.broker.is_memory:
            raise SettingsError(
                "BROKER_URL: a broker in memory does not reach a worker of its own; "
                "point it at a broker, or start the API alone, which then works too"
            )
        # {% endif %}
    except StartupError as error:
        # Before lines have a form, and a place to go to.
        sys.exit(str(error))
    configure_logging(core)
    log_uncaught()
    try:
        asyncio.run(work(core, settings))
    except StartupError as error:
        logger.error(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
