"""A client that talks to the application without a network."""

from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app.core.config import CoreSettings
from app.domain.settings import Settings
from app.main import create_app
from app.utils.container import Container


@pytest.fixture
async def client(
    opened: Container, core: CoreSettings, settings: Settings
) -> AsyncIterator[AsyncClient]:
    """A client of the API; an exception in the application becomes its 500."""
    app = create_app(core, settings)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"opened": opened}}, receive, send)

    transport = ASGITransport(app=serve, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
