"""Heads are read as the library reads them, and at hardly more cost."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from types import FrameType

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.core.http_protocol import HttpProtocol

BROWSER = (
    b"GET /v1/items?limit=20 HTTP/1.1\r\n"
    b"Host: shop.example.com\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    b"Accept: application/json, text/plain, */*\r\n"
    b"Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Referer: https://shop.example.com/products/17\r\n"
    b"Origin: https://shop.example.com\r\n"
    b"Connection: keep-alive\r\n"
    b"Cookie: session=0c9aa3a56f0c4a0e9a3ebb2a44cc4b5b; theme=dark\r\n"
    b"Sec-Fetch-Dest: empty\r\n"
    b"Sec-Fetch-Mode: cors\r\n"
    b"Sec-Fetch-Site: same-origin\r\n\r\n"
)
WAITING = b"POST / HTTP/1.1\r\nHost: test\r\nEXPECT: 100-Continue\r\nContent-Length: 2\r\n\r\n"
Connect = Callable[[type[HttpToolsProtocol]], HttpToolsProtocol]
# What a request of any number of fields may take beyond the library's own.
MOST_CALLS = 10


class Connection(asyncio.Transport):
    """A connection to nobody."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def is_closing(self) -> bool:
        return False

    def write(self, data: object) -> None:
        """Send it to nobody."""

    def close(self) -> None:
        """Have nothing to close."""


async def answer_nothing(_: Scope, receive: Receive, __: Send) -> None:
    """Leave the request alone until its client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Give protocols of a kind a connection, and end it behind the test."""
    state, made = ServerState(), list[HttpToolsProtocol]()

    def make(kind: type[HttpToolsProtocol]) -> HttpToolsProtocol:
        protocol = kind(Config(answer_nothing, log_config=None), state, {})
        connection = Connection()
        connection.set_protocol(protocol)
        protocol.connection_made(connection)
        made.append(protocol)
        return protocol

    yield make
    for each in made:
        each.connection_lost(None)
    await asyncio.gather(*state.tasks)


def count_calls(protocol: HttpToolsProtocol, data: bytes) -> int:
    """Return how many functions in Python it takes to read what was sent."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    gc.disable()  # The finalizers of other tests' garbage would be counted too.
    sys.setprofile(count)
    try:
        protocol.data_received(data)
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.mark.parametrize("head", [BROWSER, WAITING], ids=["browser", "waiting"])
async def test_it_is_read_as_the_library_reads_it(connect: Connect, head: bytes) -> None:
    ours, theirs = connect(HttpProtocol), connect(HttpToolsProtocol)
    for each in (ours, theirs):
        each.data_received(head)
    assert ours.scope == theirs.scope
    assert ours.expect_100_continue == theirs.expect_100_continue == (head is WAITING)


async def test_no_field_costs_a_call_more_than_the_library_takes(connect: Connect) -> None:
    ours, theirs = (
        count_calls(connect(kind), BROWSER) for kind in (HttpProtocol, HttpToolsProtocol)
    )
    assert ours - theirs <= MOST_CALLS
