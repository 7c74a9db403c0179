"""A client that talks to the application without a network."""

from collections.abc import AsyncIterator, Hashable, Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app import main
from app.core.config import CoreSettings
from app.domain.settings import Settings
from app.services.tokens import TokenVerifier
from app.utils.container import Container

PROBLEM = "application/test+json"


def plain_problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return an error whose body does not depend on how the service words its own."""
    body = {"status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type=PROBLEM)


@pytest.fixture
def plain_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give errors the body of `plain_problem`."""
    monkeypatch.setattr("app.main.problem", plain_problem)


def open_nothing(core: CoreSettings) -> Container:
    """Return what a test of HTTP alone needs, for a fixture `opened` of its own."""
    container = Container()
    container.add(CoreSettings, core)
    return container


@pytest.fixture(scope="session")
def applications() -> dict[Hashable, FastAPI]:
    """The applications of all tests: FastAPI takes a fifth of the suite to prepare their routes."""
    return {}


@pytest.fixture
def app(
    core: CoreSettings, settings: Settings, applications: dict[Hashable, FastAPI]
) -> Iterator[FastAPI]:
    """The application; a test may add routes and middleware of its own to it."""
    key = (core.service, core.http, vars(main)["problem"])
    if key not in applications:
        applications[key] = main.create_app(core, settings)
    app = applications[key]
    routes, middleware = list(app.router.routes), list(app.user_middleware)
    handlers = dict(app.exception_handlers)
    yield app
    app.router.routes[:], app.user_middleware, app.exception_handlers = routes, middleware, handlers
    app.openapi_schema = app.middleware_stack = None
    app.dependency_overrides.clear()


@pytest.fixture
async def client(app: FastAPI, core: CoreSettings, opened: Container) -> AsyncIterator[AsyncClient]:
    """A client of the API."""
    if TokenVerifier not in opened:
        opened.add(TokenVerifier, TokenVerifier(core.auth))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"opened": opened}}, receive, send)

    async with AsyncClient(transport=ASGITransport(app=serve), base_url="http://test") as client:
        yield client
