"""Server-sent events: counted, limited, and ended when the server closes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from prometheus_client import REGISTRY

from app.core.config import CoreSettings
from app.core.draining_server import OpenStreams
from app.utils.container import Container
from app.web import streams
from tests.kit.http import open_nothing
from tests.stream_client import Client, Ticks, count, count_open

pytestmark = pytest.mark.usefixtures("plain_problems")

FIRST = b"data: 0\n\n"
LAST = {"type": "http.response.body", "body": b"", "more_body": False}

router = APIRouter(prefix="/test")


@router.get("/clock", response_class=EventSourceResponse)
async def tell_time() -> AsyncIterator[ServerSentEvent]:
    """Tell the time every second."""
    while True:
        yield ServerSentEvent(event="tick", data=datetime.now(UTC))
        await asyncio.sleep(1)


@pytest.fixture
def examples(app: FastAPI) -> None:
    app.include_router(router)


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenStreams]:
    """Give what is open to a server of the test's own."""
    server = OpenStreams()
    monkeypatch.setattr(streams, "streams", server)
    yield server
    server.close()


@pytest.mark.usefixtures("examples")
async def test_events_are_sent_as_they_come(app: FastAPI) -> None:
    client = Client(app, "/test/clock")
    assert (await client.begin()).startswith(b"event: tick\ndata: ")
    await client.leave()


async def test_events_end_well_when_the_server_closes(app: FastAPI, server: OpenStreams) -> None:
    ticks, before = Ticks(app), count("events", "stopped")
    client = Client(app, "/test/ticks")
    assert await client.begin() == FIRST
    assert count_open("events") == 1
    server.close()
    assert await client.end() == [LAST]
    assert ticks.has_ended.is_set()
    assert (count_open("events"), count("events", "stopped")) == (0, before + 1)


async def test_events_that_begin_when_the_server_has_closed_end_at_once(
    app: FastAPI, server: OpenStreams
) -> None:
    Ticks(app)
    server.close()
    assert (await Client(app, "/test/ticks").end())[-1] == LAST


async def test_events_that_have_an_end_are_whole(app: FastAPI) -> None:
    Ticks(app, most=2)
    client, before = Client(app, "/test/ticks"), count("events", "ended")
    assert await client.begin() == FIRST
    assert (await client.end())[-1] == LAST
    assert count("events", "ended") == before + 1


async def test_a_generator_ends_when_its_client_leaves(app: FastAPI) -> None:
    ticks, before = Ticks(app), count("events", "left")
    client = Client(app, "/test/ticks")
    await client.begin()
    await client.leave()
    assert ticks.has_ended.is_set()
    assert count("events", "left") == before + 1


async def test_events_whose_generator_fails_are_counted(app: FastAPI) -> None:
    gate = asyncio.Event()

    @app.get("/test/failing", response_class=EventSourceResponse)
    async def fail() -> AsyncIterator[int]:
        yield 0
        await gate.wait()
        raise RuntimeError("no")

    client, before = Client(app, "/test/failing"), count("events", "failed")
    assert await client.begin() == FIRST
    gate.set()
    with pytest.raises(ExceptionGroup):
        await client.end()
    assert count("events", "failed") == before + 1


async def test_what_has_an_end_of_its_own_is_not_ended(app: FastAPI, server: OpenStreams) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    @app.get("/test/download")
    async def download() -> str:
        begun.set()
        await gate.wait()
        return "whole"

    client = Client(app, "/test/download")
    await begun.wait()
    server.close()
    gate.set()
    assert await client.begin() == b'"whole"'


@pytest.fixture
def one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCURRENT_STREAMS", "1")
    monkeypatch.setenv("CONCURRENT_REQUESTS", "1")


@pytest.mark.usefixtures("one_at_once")
async def test_a_stream_too_many_is_refused_and_other_requests_are_not(app: FastAPI) -> None:
    Ticks(app)
    first = Client(app, "/test/ticks")
    await first.begin()
    second = Client(app, "/test/ticks")
    refusal = await second.take()
    assert refusal["status"] == 503
    assert (b"retry-after", b"1") in refusal["headers"]
    await second.end()
    assert (await Client(app, "/openapi.json").take())["status"] == 200
    socket = Client(app, "/test/none", "websocket")
    assert (await socket.take())["status"] == 503
    await socket.end()
    await first.leave()
    assert await Client(app, "/test/ticks").begin() == FIRST


async def test_how_long_events_last_is_no_duration_of_a_request(app: FastAPI) -> None:
    Ticks(app)
    client = Client(app, "/test/ticks")
    await client.begin()
    await asyncio.sleep(0.3)
    await client.leave()
    labels = {"method": "GET", "route": "/test/ticks", "le": "0.25"}
    short = REGISTRY.get_sample_value("http_request_duration_seconds_bucket", labels)
    labels["le"] = "+Inf"
    all_of_them = REGISTRY.get_sample_value("http_request_duration_seconds_bucket", labels)
    assert short == all_of_them


async def test_what_is_open_when_it_is_added_after_the_end_ends(server: OpenStreams) -> None:
    server.close()
    ended: list[bool] = []
    server.add(lambda: ended.append(True))
    assert ended == [True]
