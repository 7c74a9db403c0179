"""The management port, on which one process of the service answers operators."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from app.core.errors import StartupError
from app.core.http_config import ManagementSettings
from app.core.http_protocol import HttpProtocol
from app.utils.background import repeat, run_in_background
from app.utils.container import Container
from app.utils.logger import Logger

logger = Logger(__name__)

WAIT_SECONDS = 1.0
# Longer than a load balancer keeps its connections (60 s is usual), or it meets closed ones.
KEEP_ALIVE_SECONDS = 75


class ManagementPort:
    """A port that one process of the service has: the first, and when that ends another one."""

    is_shared: ClassVar[bool] = False
    """Whether other processes of this service want it too, as the workers of gunicorn do."""

    def __init__(self, app: ASGIApp, settings: ManagementSettings, opened: Container) -> None:
        """Take what is served, where, and what it may ask."""
        config = Config(app, lifespan="off", log_config=None, timeout_keep_alive=KEEP_ALIVE_SECONDS)
        self._settings = settings
        self._state = ServerState()
        self._make = partial(HttpProtocol, config, self._state, {"opened": opened})
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Serve, unless another process of the service does.

        Raises StartupError, one sentence, where that cannot be.
        """
        if self._server is not None:
            return
        try:
            listener = bind(self._settings.host, self._settings.port or 0)
        except OSError as error:
            if self.is_shared and error.errno == errno.EADDRINUSE:
                return
            raise refuse(self._settings, error) from error
        self._server = await asyncio.get_running_loop().create_server(self._make, sock=listener)
        logger.info("management port opened", port=self._settings.port)

    def close(self) -> None:
        """End what is served, so that another process can begin."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            if (transport := connection.transport) is not None:
                transport.close()


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises OSError when another process has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def check_port(settings: ManagementSettings) -> None:
    """Raise StartupError, one sentence, when the port is wanted and cannot be had."""
    if settings.port is None:
        return
    try:
        bind(settings.host, settings.port).close()
    except OSError as error:
        raise refuse(settings, error) from error


def refuse(settings: ManagementSettings, error: OSError) -> StartupError:
    """Return the sentence for a port that cannot be had."""
    return StartupError(
        f"MANAGEMENT_PORT: {settings.host}:{settings.port} cannot be listened on "
        f"({error.strerror or error}): choose another, or unset it for none"
    )


@asynccontextmanager
async def serve_management(
    app: ASGIApp, settings: ManagementSettings, opened: Container
) -> AsyncIterator[None]:
    """Serve what operators ask for while the block runs, in one process of all."""
    port = ManagementPort(app, settings, opened)
    try:
        await port.listen()
        # As soon as the process that has it ends, another one takes it.
        async with run_in_background(repeat(port.listen, WAIT_SECONDS)):
            yield
    finally:
        port.close()
