"""The API's entry point: composition and nothing else."""

import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from app.api.exceptions import MEDIA_TYPE, problem, problems
from app.api.middleware import MIDDLEWARE
from app.api.router import router
from app.core import endpoints
from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.errors import StartupError
from app.core.logger_config import configure_logging
from app.core.middleware import RequestContext, StartupSentence
from app.domain.settings import Settings
from app.lifespan import open_api
# {% if cookiecutter.broker != "none" %}
from app.messages import describe_messages
# {% endif %}
from app.utils.container import Container
# {% if cookiecutter.broker != "none" %}
from app.web.asyncapi import make_message_pages
# {% endif %}
from app.web.body_limit import BodyLimit
from app.web.concurrency import ConcurrencyLimit
from app.web.deadline import Deadline
from app.web.document import DocumentedAPI
from app.web.errors import add_error_handlers
from app.web.failures import FailureAnswers

# What any route may answer beside what it says itself.
ERRORS = (400, 408, 413, 422, 500, 503, 504)
# What pages of other origins may read of an answer, beside its body.
EXPOSED_HEADERS = ("ETag", "Location", "Retry-After", "X-Request-ID")


def create_app(core: CoreSettings, settings: Settings) -> FastAPI:
    """Return the application; nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Container]]:
        async with open_api(core, settings) as opened:
            # What the start has made stays: to look through it for garbage again and again would
            # cost a fifteenth of each request.
            gc.collect()
            gc.freeze()
            yield {"opened": opened}

    app = DocumentedAPI(
        title=core.service.name,
        version=core.service.version,
        lifespan=lifespan,
        middleware=[*choose_middleware(core), *MIDDLEWARE],
        error_media_type=MEDIA_TYPE,
        # RequestContext traces and counts; FastAPI's spans would hold query strings.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(router, responses=problems(*ERRORS))
    app.include_router(endpoints.router)
    # {% if cookiecutter.broker != "none" %}
    app.include_router(make_message_pages(lambda: describe_messages(core)))
    # {% endif %}
    add_error_handlers(app, problem)
    return app


def choose_middleware(core: CoreSettings) -> list[Middleware]:
    """Return what every request passes before the service's own, the outermost first."""
    http = core.http
    cors = Middleware(
        CORSMiddleware,
        allow_origins=http.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
    )
    return [
        Middleware(StartupSentence),
        Middleware(RequestContext),
        *([cors] if http.cors_origins else []),
        Middleware(ConcurrencyLimit, most=http.concurrent_requests, problem=problem),
        Middleware(FailureAnswers, problem=problem),
        Middleware(Deadline, seconds=http.request_seconds, problem=problem),
        Middleware(BodyLimit, max_body_size=http.body_bytes),
    ]


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
