"""WebSockets: counted, kept from pages of other sites, and closed with the server."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.types import Message

from app.core.config import CoreSettings
from app.core.draining_server import OpenStreams
from app.utils.container import Container
from app.web import streams
from tests.kit.http import open_nothing
from tests.stream_client import Client, count, count_open

pytestmark = pytest.mark.usefixtures("plain_problems")

OURS, FOREIGN = b"http://test", b"http://test.example"

router = APIRouter(prefix="/test")


@router.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Say what is said."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture
def echoing(app: FastAPI) -> None:
    app.include_router(router)


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://page.example")


@pytest.mark.usefixtures("echoing")
async def test_a_websocket_is_answered_counted_and_logged(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client, before = Client(app, "/test/echo", "websocket"), count("websocket", "ended")
    assert (await client.take())["type"] == "websocket.accept"
    client.coming.put_nowait({"type": "websocket.receive", "text": "hello"})
    assert (await client.take())["text"] == "hello"
    assert count_open("websocket") == 1
    await client.leave()
    assert (count_open("websocket"), count("websocket", "ended")) == (0, before + 1)
    assert "websocket closed" in caplog.messages


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        (OURS, True),
        (FOREIGN, False),
        (b"null", False),
        (b"https://page.example", True),
        (b"http://[", False),
        (b"", False),
    ],
)
async def test_pages_of_other_sites_open_no_websocket(
    app: FastAPI, origin: bytes, is_welcome: bool
) -> None:
    client = Client(app, "/test/echo", "websocket", origin=origin)
    first = await client.take()
    assert (first["type"] == "websocket.accept") is is_welcome
    assert is_welcome or first["status"] == 403
    await client.leave()


async def test_a_websocket_that_nobody_listens_to_ends_when_the_server_closes(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OpenStreams()
    monkeypatch.setattr(streams, "streams", server)
    monkeypatch.setattr(streams, "NOTICE_SECONDS", 0.05)
    cancelled: list[Any] = []

    @app.websocket("/test/deaf")
    async def ignore(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            cancelled.append(error)
            raise

    client, before = Client(app, "/test/deaf", "websocket"), count("websocket", "stopped")
    await client.take()
    server.close()
    await client.end()
    assert cancelled
    assert count("websocket", "stopped") == before + 1


async def test_who_talks_to_a_client_that_has_left_has_not_failed(app: FastAPI) -> None:
    @app.websocket("/test/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text("tick")

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            raise OSError("gone")

    before = count("websocket", "left")
    client = Client(app, "/test/none", "websocket")
    await client.end()
    await app({**client.scope, "path": "/test/talk"}, make_receive(), send)
    assert count("websocket", "left") == before + 1


def make_receive() -> Any:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    return receive
