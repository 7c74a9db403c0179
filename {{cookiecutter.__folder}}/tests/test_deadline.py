"""No request lasts for ever, and none is ended in the middle of its answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.utils.container import Container
from tests.kit.http import open_nothing
from tests.stream_client import Client

pytestmark = pytest.mark.usefixtures("plain_problems")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_SECONDS", "0.05")


async def test_a_request_that_takes_too_long_is_ended(app: FastAPI, client: AsyncClient) -> None:
    ended = asyncio.Event()

    @app.get("/test/slow")
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    response = await client.get("/test/slow")
    assert response.status_code == 504
    assert response.json()["detail"] == "answering it took longer than 0.05 seconds"
    assert ended.is_set()


async def test_a_body_that_never_ends_is_the_clients_mistake(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.post("/test/upload")
    async def read(request: Request) -> int:
        return len(await request.body())

    async def drip() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    response = await client.post("/test/upload", content=drip())
    assert response.status_code == 408


async def test_who_has_sent_everything_is_not_told_to_send_faster(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.post("/test/upload")
    async def wait(request: Request) -> None:
        await request.body()
        await request.is_disconnected()
        await asyncio.Event().wait()

    assert (await client.post("/test/upload", content=b"whole")).status_code == 504


async def test_an_answer_that_has_begun_takes_the_time_it_needs(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/test/stream")
    async def answer() -> StreamingResponse:
        async def write() -> AsyncIterator[bytes]:
            yield b"slow"
            await asyncio.sleep(0.1)
            yield b" but sure"

        return StreamingResponse(write())

    assert (await client.get("/test/stream")).text == "slow but sure"


async def test_a_timeout_of_the_routes_own_stays_its_own(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/own")
    async def fail() -> None:
        raise TimeoutError("of another kind")

    assert (await client.get("/test/own")).status_code == 500


async def test_a_websocket_that_is_not_answered_in_time_is_refused(app: FastAPI) -> None:
    @app.websocket("/test/slow")
    async def wait(socket: WebSocket) -> None:
        await asyncio.Event().wait()
        await socket.accept()

    start, _ = await Client(app, "/test/slow", "websocket").end()
    assert start["status"] == 504


async def test_a_websocket_that_is_open_takes_the_time_it_needs(app: FastAPI) -> None:
    @app.websocket("/test/long")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.sleep(0.1)
        await socket.close()

    kinds = [each["type"] for each in await Client(app, "/test/long", "websocket").end()]
    assert kinds == ["websocket.accept", "websocket.close"]
