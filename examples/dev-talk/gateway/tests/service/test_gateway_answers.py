"""Answers of services that no client can use: 502, and the service is not left alone for them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from httpx import AsyncClient

from app.core.errors import UnavailableError
from app.gateway import documents
from app.resources import Resources
from app.utils.container import Container
from tests.service.conftest import Services

UNUSABLE = {
    "a status that is none": b"HTTP/1.1 999 Weird\r\nContent-Length: 2\r\n\r\n{}",
    "a status of nothing": b"HTTP/1.1 000 Weird\r\nContent-Length: 2\r\n\r\n{}",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "no HTTP": b"\x01\x02\x03nonsense\r\n\r\n",
    "chunks without lengths": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "an enormous header": b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * 9_000 + b"\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: y\r\n" * 300 + b"\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "a header of no name": b"HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\n{}",
    "a header with NUL": b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}",
}

Say = Callable[[bytes], None]


@pytest.fixture
async def say(services: Services, opened: Container) -> AsyncIterator[Say]:
    """Let the service articles answer with these bytes, whatever it is asked."""
    del services
    said = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    def say(answer: bytes) -> None:
        nonlocal said
        said = answer

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        opened[Resources].upstreams["articles"].url = f"http://127.0.0.1:{port}"
        yield say


@pytest.mark.parametrize("what", UNUSABLE)
async def test_an_answer_that_nobody_can_use_is_a_bad_gateway(
    client: AsyncClient, say: Say, opened: Container, what: str
) -> None:
    say(UNUSABLE[what])
    for _ in range(6):
        answer = await client.get("/api/articles")
        assert answer.status_code == 502
        assert list(answer.json()["errors"]) == ["articles"]
    opened[Resources].upstreams["articles"].circuit.check()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-A:",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n",
    ],
)
async def test_an_answer_that_breaks_off_before_anybody_was_told_counts_against_the_service(
    client: AsyncClient, say: Say, opened: Container, answer: bytes
) -> None:
    say(answer)
    for _ in range(5):
        await client.get("/api/articles")
    with pytest.raises(UnavailableError):
        opened[Resources].upstreams["articles"].circuit.check()


async def refuse_document(services: Services, client: AsyncClient, text: str | bytes) -> str:
    """Return why a document that the services have is not shown."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=text, content_type="application/json")

    services.answer = answer
    answered = await client.get("/api/openapi.json")
    assert answered.status_code == 502
    [[reason]] = answered.json()["errors"].values()
    return str(reason)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[1]",
        '"text"',
        "null",
        "{}",
        '{"paths": []}',
        '{"paths": {"/api/x": 7}}',
        '{"paths": {}, "components": 7}',
        '{"paths": {}, "components": {"schemas": 7}}',
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
async def test_a_document_that_is_none_is_a_bad_gateway(
    services: Services, client: AsyncClient, text: str | bytes
) -> None:
    assert await refuse_document(services, client, text) == "its document cannot be used"


async def test_a_document_that_is_too_large_is_a_bad_gateway(
    services: Services, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "LARGEST_BYTES", 100)
    text = json.dumps({"paths": {}, "info": "x" * 100})
    assert await refuse_document(services, client, text) == "its document is too large"


async def test_the_document_is_asked_for_once_in_a_while_whoever_asks(
    services: Services, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 100.0
    monkeypatch.setattr(documents, "monotonic", lambda: moment)

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"paths": {}})

    services.answer = answer
    for _ in range(2):
        answers = await asyncio.gather(*(client.get("/api/openapi.json") for _ in range(5)))
        assert [each.status_code for each in answers] == [200] * 5
    assert len(services.requests) == 3
    moment += documents.KEPT_SECONDS
    await client.get("/api/openapi.json")
    assert len(services.requests) == 6


@pytest.fixture
def few_requests(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    del clean_environment
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "2")


@pytest.mark.usefixtures("few_requests", "services")
@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
async def test_documents_count_as_other_requests_do(client: AsyncClient, path: str) -> None:
    opened = [(await client.get(path)).status_code for _ in range(3)]
    assert opened[2] == 429
