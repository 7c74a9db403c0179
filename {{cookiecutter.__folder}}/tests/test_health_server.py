"""The worker's port: it answers probes, and survives everything else."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from pydantic import SecretStr

from app.core import health_server
from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.core.health import Health
from app.core.health_server import HealthServer, open_health_server
from app.utils.container import Container

HOST = "127.0.0.1"
LIVE = b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n"


@pytest.fixture
def place(core: CoreSettings) -> CoreSettings:
    """The settings with a port that is free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    worker = core.worker.model_copy(update={"health_host": HOST, "health_port": port})
    process = core.process.model_copy(update={"metrics_token": SecretStr("sesame")})
    return replace(core, worker=worker, process=process)


@pytest.fixture
async def server(place: CoreSettings) -> AsyncIterator[HealthServer]:
    async with open_health_server(place) as server:
        yield server


async def connect(place: CoreSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(HOST, place.worker.health_port)


async def send(place: CoreSettings, request: bytes) -> tuple[int, bytes]:
    """Send some bytes; return the status and the body of the answer."""
    reader, writer = await connect(place)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    return int(head.split()[1]), body


async def get(place: CoreSettings, path: str, header: str = "host: test") -> tuple[int, bytes]:
    return await send(place, f"GET {path} HTTP/1.1\r\n{header}\r\n\r\n".encode())


@pytest.mark.usefixtures("server")
async def test_a_worker_that_starts_is_alive_and_not_ready(place: CoreSettings) -> None:
    assert (await get(place, "/health/live"))[0] == 200
    assert await get(place, "/health/ready") == (503, b'{"process": "starting"}')


async def test_a_worker_whose_dependencies_answer_is_ready(
    place: CoreSettings, server: HealthServer, opened: Container
) -> None:
    server.health = opened[Health]
    status, body = await get(place, "/health/ready?verbose=1")
    assert status == 200
    assert set(json.loads(body).values()) <= {"ok"}


async def test_a_worker_with_a_broken_dependency_is_not_ready_and_tells_no_reason(
    place: CoreSettings, server: HealthServer
) -> None:
    class Broken:
        async def ping(self) -> None:
            raise ConnectionError("gone")

    opened = Container()
    opened.add(Broken, Broken())
    server.health = Health(opened)
    assert await get(place, "/health/ready") == (503, b'{"Broken": "failing"}')


@pytest.mark.usefixtures("server")
async def test_head_is_answered_as_get_without_the_body(place: CoreSettings) -> None:
    heads = []
    for method in (b"GET", b"HEAD"):
        reader, writer = await connect(place)
        writer.write(LIVE.replace(b"GET", method))
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert bool(body) is (method == b"GET")
        heads.append(head)
    assert heads[0] == heads[1]


@pytest.mark.usefixtures("server")
async def test_metrics_are_for_those_who_have_the_token(place: CoreSettings) -> None:
    status, body = await get(place, "/metrics", "Authorization:  Bearer sesame ")
    assert status == 200
    assert b"process_cpu_seconds_total" in body
    for header in ("host: test", "authorization: Bearer sesam", "x-authorization: Bearer sesame"):
        assert (await get(place, "/metrics", header))[0] == 401


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /health/live/ HTTP/1.1\r\n\r\n", 404),
        (b"POST /health/live HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", 405),
        (b"GET /health/live HTTP/2.0\r\n\r\n", 400),
        (b"GET  /health/live HTTP/1.1\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /health/live HTTP/1.1\r\nx: " + b"x" * 100_000 + b"\r\n\r\n", 431),
    ],
)
async def test_everything_else_is_refused(
    place: CoreSettings, request_: bytes, status: int
) -> None:
    assert (await send(place, request_))[0] == status
    assert (await send(place, LIVE))[0] == 200


@pytest.mark.usefixtures("server")
async def test_a_client_that_says_nothing_is_sent_away(
    place: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_server, "HEAD_SECONDS", 0.01)
    assert (await send(place, LIVE[:-1]))[0] == 408


@pytest.mark.usefixtures("server")
async def test_a_client_that_goes_away_disturbs_nobody(place: CoreSettings) -> None:
    _, writer = await connect(place)
    writer.write(LIVE[:-1])
    writer.transport.abort()
    assert (await send(place, LIVE))[0] == 200


@pytest.mark.usefixtures("server")
async def test_a_client_that_reads_nothing_is_sent_away(
    place: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_server, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(health_server, "write_metrics", lambda: b"x" * 20_000_000)
    reader, writer = await connect(place)
    writer.write(b"GET /metrics HTTP/1.1\r\nauthorization: Bearer sesame\r\n\r\n")
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            assert len(await reader.read()) < 20_000_000
    writer.close()


@pytest.mark.usefixtures("server")
async def test_no_more_than_a_few_are_listened_to_at_once(
    place: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_server, "CONNECTIONS", 2)
    clients = [await connect(place) for _ in range(3)]
    async with asyncio.timeout(5):
        # They are met in the order in which they came.
        with suppress(ConnectionError):
            assert await clients[2][0].read() == b""
        for reader, writer in clients[:2]:
            writer.write(LIVE)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    for _, writer in clients:
        writer.close()


@pytest.mark.usefixtures("server")
async def test_a_port_that_is_taken_ends_the_start_in_one_sentence(place: CoreSettings) -> None:
    with pytest.raises(StartupError, match=r"^WORKER_HEALTH_PORT: .* choose another, or 0 for no"):
        async with open_health_server(place):
            pass


async def test_without_a_port_nobody_listens(place: CoreSettings) -> None:
    worker = place.worker.model_copy(update={"health_port": 0})
    async with open_health_server(replace(place, worker=worker)):
        with pytest.raises(ConnectionRefusedError):
            await connect(place)
