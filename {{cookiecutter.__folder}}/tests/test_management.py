"""The management port: what operators ask for is there, and not among the routes of clients."""

import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app import main
from app.api.exceptions import MEDIA_TYPE
from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.core.http_config import ManagementSettings
from app.core.http_protocol import HttpProtocol
from app.core.management_port import ManagementPort, check_port, serve_management
from app.domain.settings import Settings
from app.utils.container import Container
from tests.kit.http import plain_problem

HOST = "127.0.0.1"
PATHS = [
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/redoc",
    # {% if cookiecutter.broker != "none" %}
    "/asyncapi",
    "/asyncapi.json",
    # {% endif %}
]


@pytest.fixture
def place(core: CoreSettings, monkeypatch: pytest.MonkeyPatch) -> CoreSettings:
    """The settings with a management port, and of what was built."""
    monkeypatch.setattr(HttpProtocol, "make_problem", plain_problem, raising=False)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    service = core.service.model_copy(update={"commit": "abc123", "build": "7"})
    return replace(core, management=ManagementSettings(host=HOST, port=port), service=service)


@pytest.fixture
def public(place: CoreSettings, settings: Settings) -> FastAPI:
    return main.create_app(place, settings)


@pytest.fixture
async def operators(
    public: FastAPI, place: CoreSettings, opened: Container
) -> AsyncIterator[AsyncClient]:
    """A client of the management port."""
    app = main.make_management_app(public, place)
    async with (
        serve_management(app, place.management, opened),
        AsyncClient(base_url=f"http://{HOST}:{place.management.port}") as client,
    ):
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_what_operators_ask_for_is_on_their_port_alone(
    operators: AsyncClient, public: FastAPI, path: str
) -> None:
    assert (await operators.get(path)).status_code == 200
    assert (await operators.head(path)).status_code == 200
    async with AsyncClient(transport=ASGITransport(app=public), base_url="http://test") as client:
        assert (await client.get(path)).status_code == 404


async def test_the_document_there_is_of_the_public_routes(
    operators: AsyncClient, public: FastAPI
) -> None:
    document = (await operators.get("/openapi.json")).json()
    assert document == public.openapi()
    assert "/health/live" not in document["paths"]
    assert "openapi.json" in (await operators.get("/docs")).text


async def test_it_says_what_the_service_was_built_from(
    operators: AsyncClient, place: CoreSettings
) -> None:
    assert (await operators.get("/info")).json() == {
        "service": place.service.name,
        "version": place.service.version,
        "commit": "abc123",
        "build": "7",
    }


async def test_routes_of_clients_are_not_there_and_errors_are_problems(
    operators: AsyncClient,
) -> None:
    response = await operators.get("/v1/items")
    assert response.status_code == 404
    assert response.headers["content-type"] == MEDIA_TYPE


async def test_a_port_that_is_taken_ends_the_start_in_one_sentence(
    place: CoreSettings, opened: Container, public: FastAPI
) -> None:
    with socket.create_server((HOST, place.management.port or 0)):
        with pytest.raises(StartupError, match=r"^MANAGEMENT_PORT: .* choose another, or unset"):
            check_port(place.management)
        with pytest.raises(StartupError, match=r"^MANAGEMENT_PORT: "):
            async with serve_management(public, place.management, opened):
                pass


def test_without_a_port_nothing_is_checked() -> None:
    check_port(ManagementSettings())


async def test_of_several_processes_one_serves_and_another_one_after_it(
    place: CoreSettings,
    opened: Container,
    public: FastAPI,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(ManagementPort, "is_shared", True)
    app = main.make_management_app(public, place)
    first, second = (ManagementPort(app, place.management, opened) for _ in range(2))
    await first.listen()
    await second.listen()

    def count_openings() -> int:
        return [each.getMessage() for each in caplog.records].count("management port opened")

    assert count_openings() == 1
    base_url = f"http://{HOST}:{place.management.port}"
    async with AsyncClient(base_url=base_url) as client:
        assert (await client.get("/health/live")).status_code == 200
        await second.listen()
        assert count_openings() == 1
    first.close()
    await second.listen()
    assert count_openings() == 2
    async with AsyncClient(base_url=base_url) as client:
        assert (await client.get("/health/live")).status_code == 200
    second.close()
