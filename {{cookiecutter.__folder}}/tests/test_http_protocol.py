"""Requests that are too large, too slow or no requests, on a real socket."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from fastapi import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.core import http_protocol
from app.core.http_protocol import FIELDS, HEAD_BYTES, TARGET_BYTES, HttpProtocol
from tests.kit.http import plain_problem

HOST = "127.0.0.1"
HEAD = b"host: test\r\n"
GOOD = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"
POST = b"POST /read HTTP/1.1\r\nhost: test\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CLOSING = b"\x88"
PATIENCE_SECONDS = 20


class Application:
    """What is served: it says what it got, and reads a body at the path /read."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.received: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await self.may_answer.wait()
            await send({"type": "websocket.close"})
            return
        more = scope["path"] == "/read"
        while more:
            self.received.append(await receive())
            more = self.received[-1].get("more_body", False)
        await self.may_answer.wait()
        await Response("good")(scope, receive, send)


@pytest.fixture(autouse=True)
def own_problems() -> Iterator[None]:
    kept = HttpProtocol.make_problem
    HttpProtocol.make_problem = plain_problem
    yield
    HttpProtocol.make_problem = kept


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(http_protocol, "REST_SECONDS", 0.05)


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
async def port(application: Application) -> AsyncIterator[int]:
    """Where it is served."""
    config = Config(application, lifespan="off", log_config=None, timeout_keep_alive=1)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(config, state, {}), HOST, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for each in list(state.connections):
        each.transport.abort()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, for a time that no test needs."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def talk(port: int, *parts: bytes) -> bytes:
    """Send some bytes; return all that comes until the server ends the connection."""
    answer = b""
    async with connect(port) as (reader, writer):
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                answer += data
    return answer


async def ask(port: int, *parts: bytes) -> int:
    """Send some bytes; return the status of the only answer, which ends the connection."""
    head, _, body = (await talk(port, *parts)).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert head.count(b"HTTP/1.1") == 1
    status = int(head.split()[1])
    if status != 200:
        assert b"connection: close" in head
        assert json.loads(body)["status"] == status
    return status


def fields(count: int, size: int) -> bytes:
    return b"".join(b"x-%d: %s\r\n" % (number, b"v" * size) for number in range(count))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + fields(FIELDS + 1, 1) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nx: " + b"v" * HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"n" * HEAD_BYTES + b": v\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + fields(10, HEAD_BYTES // 10) + b"\r\n", 431),
        (b"GET /" + b"p" * TARGET_BYTES + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414),
        (b"GET /?" + b"q" * TARGET_BYTES + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414),
        (b"GET http://test/" + b"p" * TARGET_BYTES + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414),
        (b"GET /" + b"p" * HEAD_BYTES, 414),
        (b"\r\n" * HEAD_BYTES, 431),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
    ids=[
        *("count", "value", "name", "sum", "path", "query", "absolute", "endless", "nothing"),
        *("nonsense", "TLS"),
    ],
)
async def test_a_request_beyond_a_limit_is_refused_and_the_next_client_served(
    application: Application, port: int, request_: bytes, status: int
) -> None:
    assert await ask(port, request_) == status
    assert application.scopes == []
    assert await ask(port, GOOD.replace(HEAD, HEAD + b"connection: close\r\n")) == 200


async def test_a_request_at_the_limits_is_served(application: Application, port: int) -> None:
    target = b"/" + b"p" * (TARGET_BYTES - 1)
    rest = fields(FIELDS - 2, 250) + b"connection: close\r\n"
    assert await ask(port, b"GET " + target + b" HTTP/1.1\r\n" + HEAD + rest + b"\r\n") == 200
    assert len(application.scopes[0]["headers"]) == FIELDS


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nx: ", b"GET / HTTP/1.1\r\nx", b"GET /"])
async def test_a_head_without_an_end_is_refused_before_much_of_it_is_there(
    port: int, start: bytes
) -> None:
    async with connect(port) as (reader, writer):
        writer.write(start)
        answer = asyncio.create_task(reader.read())
        sent = 0
        with suppress(ConnectionError):
            while not answer.done() and sent < 100_000_000:
                writer.write(b"v" * 65_536)
                await writer.drain()
                sent += 65_536
        assert (await answer).startswith(b"HTTP/1.1 4")
        assert sent < 100_000_000


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("part", [b"G", b"GET /", GOOD[:-1], b"\r\n"])
async def test_a_head_that_does_not_come_to_its_end_in_time_is_refused(
    port: int, part: bytes
) -> None:
    assert await ask(port, part) == 408


@pytest.mark.usefixtures("hasty")
async def test_a_head_that_comes_in_drops_is_refused(port: int) -> None:
    async with connect(port) as (reader, writer):
        writer.write(b"GET /")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"p")
            await asyncio.sleep(0.01)
        assert (await answer).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
async def test_the_next_request_of_a_connection_has_the_limit_too(port: int) -> None:
    answer = await talk(port, GOOD, GOOD[:-1])
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"408"]


@pytest.mark.usefixtures("hasty")
async def test_a_request_behind_a_slow_one_waits_its_turn(
    application: Application, port: int
) -> None:
    application.may_answer.clear()
    asking = asyncio.create_task(talk(port, GOOD + GOOD[:-2]))
    await asyncio.sleep(0.2)
    assert not asking.done()
    application.may_answer.set()
    answer = await asking
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b"HTTP/1.1") == 2


@pytest.mark.usefixtures("hasty")
async def test_a_websocket_has_no_head_that_could_be_late(
    application: Application, port: int
) -> None:
    application.may_answer.clear()
    async with connect(port) as (reader, writer):
        writer.write(UPGRADE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        await asyncio.sleep(0.2)
        application.may_answer.set()
        assert (await reader.read(1)) == CLOSING


async def test_a_connection_on_which_nothing_comes_is_ended(port: int) -> None:
    async with connect(port) as (reader, _):
        assert await reader.read() == b""


@pytest.mark.usefixtures("hasty")
async def test_a_body_that_nobody_waits_for_ends_with_the_answer(
    application: Application, port: int
) -> None:
    head = b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\nb"
    assert await ask(port, head) == 200
    assert len(application.scopes) == 1


async def test_a_body_that_comes_to_its_end_soon_keeps_the_connection(port: int) -> None:
    async with connect(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\nb")
        assert (await reader.readuntil(b"good")).startswith(b"HTTP/1.1 200")
        writer.write(b"b" + GOOD)
        assert (await reader.readuntil(b"good")).startswith(b"HTTP/1.1 200")


CHUNKED = POST + b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"


async def test_fields_behind_a_body_change_nothing_of_the_request(
    application: Application, port: int
) -> None:
    body = b"1\r\nb\r\n0\r\nx-forwarded-for: 192.0.2.1\r\n\r\n"
    assert await ask(port, CHUNKED, body) == 200
    assert b"x-forwarded-for" not in dict(application.scopes[0]["headers"])
    assert b"".join(message["body"] for message in application.received) == b"b"


@pytest.mark.parametrize(
    "start", [b"0\r\nx: ", b"1;x=", b"0\r\n" + fields(FIELDS, 1)], ids=["field", "chunk", "count"]
)
async def test_what_is_behind_a_body_or_beside_its_chunks_has_limits_too(
    application: Application, port: int, start: bytes
) -> None:
    answer = await talk(port, CHUNKED, start, b"v" * HEAD_BYTES, b"v" * 1_000_000)
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert application.received[-1]["type"] == "http.disconnect"
