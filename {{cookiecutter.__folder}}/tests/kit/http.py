"""A client that talks to the application without a network."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app.core.config import CoreSettings
from app.domain.settings import Settings
from app.main import create_app
from app.services.tokens import TokenVerifier
from app.utils.container import Container

PROBLEM = "application/test+json"


@pytest.fixture
def plain_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give errors a body that does not depend on how the service words its own."""

    def problem(
        status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> Response:
        body = {"status": status, "detail": detail, **members}
        return JSONResponse(body, status, headers, media_type=PROBLEM)

    monkeypatch.setattr("app.main.problem", problem)


def open_nothing(core: CoreSettings) -> Container:
    """Return what a test of HTTP alone needs, for a fixture `opened` of its own."""
    container = Container()
    container.add(CoreSettings, core)
    return container


@pytest.fixture
def app(core: CoreSettings, settings: Settings) -> FastAPI:
    """The application; a test may add routes of its own to it."""
    return create_app(core, settings)


@pytest.fixture
async def client(app: FastAPI, core: CoreSettings, opened: Container) -> AsyncIterator[AsyncClient]:
    """A client of the API."""
    if TokenVerifier not in opened:
        opened.add(TokenVerifier, TokenVerifier(core.auth))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"opened": opened}}, receive, send)

    async with AsyncClient(transport=ASGITransport(app=serve), base_url="http://test") as client:
        yield client
