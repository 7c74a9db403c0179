"""Units of work of routes: what streams, runs behind the answer or is a WebSocket."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from httpx import AsyncClient
from sqlalchemy import text
from starlette.types import Message

from app.unit_of_work import UnitOfWorkEndedError
from app.utils.container import Container
from app.web.routing import Router
from app.web.units import Begin, ReadUnit, Unit
from tests.routing_kit import make_rows, read_values


@pytest.fixture(autouse=True)
async def rows(opened: Container) -> None:
    await make_rows(opened)


@pytest.fixture
def router() -> Router:
    return Router()


async def test_an_answer_that_streams_cannot_use_the_unit_of_its_request(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit) -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            await uow.session.execute(text("UPDATE numbers SET value = 7"))
            yield "done"

        return StreamingResponse(write())

    app.include_router(router)
    with pytest.raises(UnitOfWorkEndedError, match="this unit of work has ended"):
        await client.post("/test/change")
    assert await read_values(opened) == [0, 0]


async def test_what_runs_behind_the_answer_cannot_use_its_unit(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit, tasks: BackgroundTasks) -> None:
        async def write() -> None:
            await uow.session.execute(text("UPDATE numbers SET value = 7"))

        tasks.add_task(write)

    app.include_router(router)
    with pytest.raises(UnitOfWorkEndedError, match="this unit of work has ended"):
        await client.post("/test/change")
    assert await read_values(opened) == [0, 0]


async def connect(app: FastAPI, path: str, opened: Container, *texts: str) -> list[Message]:
    """Send texts through a WebSocket; return what came back."""
    sent: list[Message] = []
    waiting: list[Message] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": text} for text in texts),
        {"type": "websocket.disconnect", "code": 1000},
    ]
    scope = {"type": "websocket", "path": path, "headers": [], "query_string": b""}

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({**scope, "state": {"opened": opened}}, receive, send)
    return sent


async def test_a_web_socket_begins_a_unit_for_each_message(
    app: FastAPI, router: Router, opened: Container
) -> None:
    @router.websocket("/test/changes")
    async def change(socket: WebSocket, begin: Begin) -> None:
        await socket.accept()
        async for value in socket.iter_text():
            async with begin() as uow:
                await uow.session.execute(text(f"UPDATE numbers SET value = {int(value)}"))

    app.include_router(router)
    await connect(app, "/test/changes", opened, "5", "7")
    assert await read_values(opened) == [7, 7]


@pytest.mark.parametrize("kind", [Unit, ReadUnit])
async def test_a_web_socket_that_asks_for_one_unit_hears_what_to_ask_for(
    app: FastAPI, router: Router, opened: Container, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def change(socket: WebSocket, uow: Any) -> None:
        await socket.accept()
        raise AssertionError(uow)

    change.__annotations__["uow"] = kind
    router.add_api_websocket_route("/test/changes", change)
    app.include_router(router)
    await connect(app, "/test/changes", opened)
    assert re.search(r"RuntimeError: /test/changes: .* ask for Begin", caplog.text)


async def test_a_route_that_cannot_commit_before_its_answer_says_so(
    app: FastAPI, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()

    @router.post("/test/change")
    async def change(uow: Unit) -> None:
        raise AssertionError(uow)

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 500
    assert "only routes of app.web.routing.Router commit for a request" in caplog.text
