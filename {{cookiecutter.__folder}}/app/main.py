"""The API's entry point: composition and nothing else."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware

from app.api.exceptions import add_exception_handlers
from app.api.middleware import MIDDLEWARE
from app.api.router import router
from app.core import endpoints
from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.errors import StartupError
from app.core.logger_config import configure_logging
from app.core.middleware import RequestContext, StartupSentence
from app.domain.settings import Settings
from app.lifespan import open_api
from app.utils.container import Container


def create_app(core: CoreSettings, settings: Settings) -> FastAPI:
    """Return the application; nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Container]]:
        async with open_api(core, settings) as opened:
            yield {"opened": opened}

    app = FastAPI(
        title=core.service.name,
        version=core.service.version,
        lifespan=lifespan,
        middleware=[Middleware(StartupSentence), Middleware(RequestContext), *MIDDLEWARE],
    )
    app.include_router(router)
    app.include_router(endpoints.router)
    add_exception_handlers(app)
    return app


def load_app() -> FastAPI:
    """Return the application as the environment sets it; exit with one line if it cannot be."""
    try:
        core = load_core_settings()
        settings = load_settings(Settings, core)
    except StartupError as error:
        sys.exit(str(error))
    configure_logging(core)
    return create_app(core, settings)


app = load_app()


def main() -> None:
    """Serve the API from one process, for development."""
    # uvicorn passes SIGTERM on when it has shut down; a clean stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    http = load_core_settings().http
    uvicorn.run(app, host=http.host, port=http.port, log_config=None)


if __name__ == "__main__":
    main()
