"""Bodies pass through the gateway as they come, in both directions."""

import asyncio

import pytest
from aiohttp import web
from fastapi import FastAPI
from httpx import AsyncClient
from starlette.types import Message, Scope

from app.resources import Resources
from app.utils.container import Container
from tests.service.conftest import Endless, Services

LARGE = 100_000


class Exchange:
    """A request of a client that sends and reads by hand."""

    def __init__(self, app: FastAPI, opened: Container, method: str, unread: int = 0) -> None:
        """Ask for something of articles; leave so many messages unread at most, if not 0."""
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.received: asyncio.Queue[Message] = asyncio.Queue(unread)
        headers = [(b"transfer-encoding", b"chunked")] if method == "POST" else []
        scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": "/api/articles",
            "raw_path": b"/api/articles",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "state": {"opened": opened},
        }
        self.task = asyncio.create_task(app(scope, self.sent.get, self.received.put))

    def send(self, part: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        self.sent.put_nowait({"type": "http.request", "body": part, "more_body": more})

    async def read(self) -> Message:
        """Return the next message of the answer."""
        return await asyncio.wait_for(self.received.get(), 5)


@pytest.fixture
async def opened_gateway(
    services: Services, opened: Container, app: FastAPI
) -> tuple[FastAPI, Container]:
    """The application, with services behind it."""
    del services
    return app, opened


async def test_an_answer_arrives_before_all_of_it_is_there(
    services: Services, opened_gateway: tuple[FastAPI, Container]
) -> None:
    released = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await released.wait()
        await response.write(b"second")
        return response

    services.answer = answer
    exchange = Exchange(*opened_gateway, "GET")
    exchange.send(b"", more=False)
    assert (await exchange.read())["status"] == 200
    assert (await exchange.read())["body"] == b"first"
    released.set()
    assert (await exchange.read())["body"] == b"second"
    await exchange.task


async def test_a_body_arrives_before_all_of_it_is_sent(
    services: Services, opened_gateway: tuple[FastAPI, Container]
) -> None:
    first = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        read = await request.content.readany()
        first.set()
        return web.json_response(len(read + await request.content.read()))

    services.answer = answer
    exchange = Exchange(*opened_gateway, "POST")
    exchange.send(b"x" * 10, more=True)
    await asyncio.wait_for(first.wait(), 5)
    exchange.send(b"y" * 5, more=False)
    assert (await exchange.read())["status"] == 200
    assert (await exchange.read())["body"] == b"15"
    await exchange.task


async def test_a_client_that_sends_too_slowly_is_told_so_and_the_service_is_not_blamed(
    services: Services, opened_gateway: tuple[FastAPI, Container]
) -> None:
    app, opened = opened_gateway
    upstream = opened[Resources].upstreams["articles"]
    upstream.seconds = 0.05

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(len(await request.read()))

    services.answer = answer
    for _ in range(6):
        exchange = Exchange(app, opened, "POST")
        exchange.send(b"x", more=True)
        assert (await exchange.read())["status"] == 408
        await exchange.task
    upstream.circuit.check()


async def test_an_upload_that_its_client_gives_up_is_400_and_nobodys_failure(
    opened_gateway: tuple[FastAPI, Container], caplog: pytest.LogCaptureFixture
) -> None:
    app, opened = opened_gateway
    for _ in range(6):
        exchange = Exchange(app, opened, "POST")
        exchange.send(b"x", more=True)
        exchange.sent.put_nowait({"type": "http.disconnect"})
        assert (await exchange.read())["status"] == 400
        await exchange.task
    opened[Resources].upstreams["articles"].circuit.check()
    assert {record.levelname for record in caplog.records} == {"INFO"}


async def test_a_client_that_does_not_read_on_lets_go_of_the_service(
    services: Services, opened_gateway: tuple[FastAPI, Container]
) -> None:
    app, opened = opened_gateway
    opened[Resources].upstreams["articles"].idle_seconds = 0.2
    services.answer = endless = Endless()
    exchange = Exchange(app, opened, "GET", unread=2)
    exchange.send(b"", more=False)
    await asyncio.wait_for(endless.closed.wait(), 10)
    with pytest.raises(TimeoutError):
        await exchange.task
    opened[Resources].upstreams["articles"].circuit.check()


async def test_a_service_that_breaks_off_cuts_the_answer_that_has_begun(
    services: Services, client: AsyncClient
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(2 * LARGE)})
        await response.prepare(request)
        await response.write(b"x" * LARGE)
        assert request.transport is not None
        request.transport.close()
        return response

    services.answer = answer
    with pytest.raises(Exception, match="response already started"):
        await client.get("/api/articles")


async def test_connections_are_given_back_when_a_client_goes_away(
    services: Services, opened_gateway: tuple[FastAPI, Container]
) -> None:
    services.answer = endless = Endless()
    exchange = Exchange(*opened_gateway, "GET")
    exchange.send(b"", more=False)
    assert (await exchange.read())["status"] == 200
    exchange.sent.put_nowait({"type": "http.disconnect"})
    exchange.task.cancel()
    await asyncio.wait_for(endless.closed.wait(), 5)
