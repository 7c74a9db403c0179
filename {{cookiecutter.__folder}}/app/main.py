"""The API's entry point: composition and nothing else."""

import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from app.api.exceptions import MEDIA_TYPE, problem, problems
from app.api.middleware import MIDDLEWARE
from app.api.router import router
from app.core import endpoints
from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.draining_server import DrainingServer
from app.core.errors import StartupError
from app.core.http_protocol import HttpProtocol
from app.core.logger_config import configure_logging
from app.core.management_port import bind, serve_management
from app.core.middleware import RequestContext, StartupSentence
from app.core.uncaught import log_uncaught
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
from app.web.head_requests import HeadRequests
from app.web.management import make_document_pages
from app.web.path_parameters import check_path_parameters
# {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}
from app.web.routing import check_routes
# {% endif %}
from app.web.streams import Streams

# What any route may answer beside what it says itself.
ERRORS = (400, 408, 413, 422, 500, 503, 504)
# RequestContext traces and counts; FastAPI's spans would hold query strings.
NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
# What pages of other origins may read of an answer, beside its body.
# {% if cookiecutter.cache == "none" %}
EXPOSED_HEADERS = ("ETag", "Link", "Location", "Retry-After", "X-Request-ID")
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
EXPOSED_HEADERS = (
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
# {% endif %}


def create_app(core: CoreSettings, settings: Settings) -> FastAPI:
    """Return the application; nothing is opened before its lifespan starts."""
    management = core.management.port is not None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Container]]:
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(open_api(core, settings))
            if management:
                operators = make_management_app(app, core)
                serving = serve_management(operators, core.management, opened)
                await stack.enter_async_context(serving)
            # What the start has made stays: to look through it for garbage again and again would
            # cost a fifteenth of each request.
            gc.collect()
            gc.freeze()
            yield {"opened": opened}

    app = DocumentedAPI(
        title=core.service.name,
        version=core.service.version,
        lifespan=lifespan,
        openapi_url=None if management else "/openapi.json",
        middleware=[*choose_middleware(core), *MIDDLEWARE, Middleware(HeadRequests)],
        error_media_type=MEDIA_TYPE,
        # A redirect would tell the address of this process, and make a target longer.
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.include_router(router, responses=problems(*ERRORS))
    if not management:
        include_operation(app, core)
    add_error_handlers(app, problem)
    check_path_parameters(app)
    # {% if cookiecutter.database != "none" or cookiecutter.cache == "redis" %}
    check_routes(app)
    # {% endif %}
    return app


def include_operation(app: FastAPI, core: CoreSettings) -> None:
    """Add the routes that operators and developers ask for."""
    app.include_router(endpoints.router)
    # {% if cookiecutter.broker != "none" %}
    app.include_router(make_message_pages(lambda: describe_messages(core)))
    # {% endif %}
    # {% if cookiecutter.broker == "none" %}
    del core  # There are no messages to describe.
    # {% endif %}


def make_management_app(public: FastAPI, core: CoreSettings) -> FastAPI:
    """Return what the management port serves: these routes, and documents of the public ones."""
    app = DocumentedAPI(
        title=core.service.name,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestContext),
            Middleware(FailureAnswers, problem=problem),
            Middleware(HeadRequests),
        ],
        error_media_type=MEDIA_TYPE,
        telemetry=NO_TELEMETRY,
    )
    include_operation(app, core)
    app.include_router(make_document_pages(public, core.service))
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
        Middleware(
            Streams,
            most=http.concurrent_streams,
            origins=http.cors_origins,
            problem=problem,
        ),
    ]


def load_app() -> FastAPI:
    """Return the application as the environment sets it; exit with one line if it cannot be."""
    try:
        core = load_core_settings()
        settings = load_settings(Settings, core)
    except StartupError as error:
        sys.exit(str(error))
    configure_logging(core)
    HttpProtocol.make_problem = problem
    return create_app(core, settings)


app = load_app()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; exit with one line where nothing can."""
    try:
        return bind(host, port)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        sys.exit(f"PORT: {host} port {port} cannot be listened on ({reason}): set another")


def main() -> None:
    """Serve the API from one process, for development."""
    # uvicorn passes SIGTERM on when it has shut down; a clean stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    log_uncaught()
    core = load_core_settings()
    config = uvicorn.Config(
        app,
        host=core.http.host,
        port=core.http.port,
        http=HttpProtocol,
        log_config=None,
        ws_max_size=core.http.body_bytes,
    )
    server = DrainingServer(config, core.process.grace_seconds, pause=0)
    # Before anything is opened.
    listener = listen(core.http.host, core.http.port)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
