"""The request that opens a WebSocket is named, traced, limited, counted and logged as any other."""

import logging
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from prometheus_client import REGISTRY
from starlette.types import Message

from app.core.config import CoreSettings
from app.core.errors import UnavailableError
from app.core.logger_config import quieten_libraries
from app.core.tracing import current_trace
from app.services.tokens import TokenVerifier
from app.utils.container import Container
from app.web.bearer import CurrentCaller, require_scope
from tests.kit.http import open_nothing
from tests.kit.spans import RecordedSpans
from tests.kit.tokens import Issuer
from tests.stream_client import Client

pytestmark = pytest.mark.usefixtures("plain_problems", "routes")

TRACEPARENT = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture
def routes(app: FastAPI) -> None:
    @app.websocket("/test/trace/{number}")
    async def tell_trace(socket: WebSocket, number: int) -> None:
        await socket.accept()
        trace = current_trace()
        await socket.send_json([number, trace and trace.trace_id, trace and trace.state])
        await socket.close()

    @app.websocket("/test/refused")
    async def refuse(socket: WebSocket) -> None:
        await socket.close(reason="not today")

    @app.websocket("/test/broken")
    async def fail(socket: WebSocket) -> None:
        if socket.query_params:
            await socket.accept()
        raise RuntimeError("the password is hunter2")

    @app.websocket("/test/unavailable")
    async def be_unavailable(socket: WebSocket) -> None:
        if socket.query_params:
            await socket.accept()
        raise UnavailableError("come back later")


def read_headers(message: Message) -> dict[bytes, bytes]:
    """Return the headers of a message of the application."""
    return dict(message["headers"])


def count(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0


async def test_a_websocket_has_an_id_that_its_client_knows(app: FastAPI) -> None:
    taken: Any = {"x-request-id": b"r-1"}
    accept, *_ = await Client(app, "/test/trace/7", "websocket", **taken).end()
    assert read_headers(accept)[b"x-request-id"] == b"r-1"
    odd: Any = {"x-request-id": b"r 1"}
    accept, *_ = await Client(app, "/test/trace/7", "websocket", **odd).end()
    assert len(read_headers(accept)[b"x-request-id"]) == 32


async def test_a_websocket_continues_the_trace_with_its_state(app: FastAPI) -> None:
    state = b"a=1,b=2"
    client = Client(app, "/test/trace/7", "websocket", traceparent=TRACEPARENT, tracestate=state)
    await client.take()
    assert (await client.take())["text"] == f'[7,"{"a" * 32}","a=1,b=2"]'
    await client.end()


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_server_need_not_tell_the_scheme(app: FastAPI, kind: str) -> None:
    client = Client(app, "/test/nowhere", kind)
    del client.scope["scheme"]
    start, _ = await client.end()
    assert start["status"] == 404


async def test_a_websocket_is_a_span_named_by_its_route(spans: RecordedSpans, app: FastAPI) -> None:
    client = Client(app, "/test/trace/7", "websocket", traceparent=TRACEPARENT)
    await client.end()
    name = "GET /test/trace/{number}"
    assert spans.get(name).context.trace_id == int("a" * 32, 16)
    assert spans.read(name)["http.response.status_code"] == 101


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/test/trace/7", "/test/trace/{number}", 101),
        ("/test/trace/seven", "/test/trace/{number}", 422),
        ("/test/refused", "/test/refused", 403),
        ("/test/broken", "/test/broken", 500),
        ("/test/unavailable", "/test/unavailable", 503),
        ("/nowhere", "unmatched", 404),
    ],
)
async def test_a_websocket_is_counted_and_logged_when_it_is_answered(
    app: FastAPI, caplog: pytest.LogCaptureFixture, path: str, route: str, status: int
) -> None:
    before, in_flight = count(route, status), REGISTRY.get_sample_value("http_requests_in_flight")
    with caplog.at_level(logging.INFO, logger="app.access"):
        await Client(app, path, "websocket").end()
    assert count(route, status) == before + 1
    assert REGISTRY.get_sample_value("http_requests_in_flight") == in_flight
    (line,) = [record for record in caplog.records if record.name == "app.access"]
    assert (line.getMessage(), vars(line)["fields"]["status"]) == ("request answered", status)


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/test/refused", 403, b"not today"),
        ("/test/broken", 500, b"something went wrong on our side"),
        ("/nowhere", 404, b"Not Found"),
    ],
)
async def test_a_websocket_that_is_not_opened_is_a_problem_with_an_id(
    app: FastAPI, path: str, status: int, detail: bytes
) -> None:
    start, body = await Client(app, path, "websocket").end()
    headers = read_headers(start)
    assert start["status"] == status
    assert detail in body["body"]
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert b"x-request-id" in headers


@pytest.mark.parametrize(("path", "code"), [("/test/broken", 1011), ("/test/unavailable", 1013)])
async def test_a_websocket_that_fails_says_so_in_its_code(
    app: FastAPI, path: str, code: int
) -> None:
    client = Client(app, path, "websocket", query=b"open=yes")
    _, close = await client.end()
    assert close == {"type": "websocket.close", "code": code}


async def test_a_websocket_asks_who_calls(app: FastAPI, opened: Container, issuer: Issuer) -> None:
    opened.add(TokenVerifier, TokenVerifier(issuer.settings))

    @app.websocket("/test/me", dependencies=[require_scope("me:read")])
    async def tell(socket: WebSocket, caller: CurrentCaller) -> None:
        await socket.accept()
        await socket.send_text(caller.subject)
        await socket.close()

    answers = []
    for headers in ({}, issuer.authorize(), issuer.authorize(scope="me:read")):
        sent: Any = {name: value.encode() for name, value in headers.items()}
        client = Client(app, "/test/me", "websocket", opened=opened, **sent)
        first, second, *_ = await client.end()
        answers.append(first.get("status") or second["text"])
    assert answers == [401, 403, "ann"]


def test_the_servers_lines_of_websockets_tell_no_token(caplog: pytest.LogCaptureFixture) -> None:
    quieten_libraries()
    server = logging.getLogger("uvicorn.error")
    with caplog.at_level(logging.DEBUG):
        server.info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/feed?token=hunter2")
        server.debug("< %s: %s", "authorization", "Bearer hunter2")
        server.info("Shutting down")
    assert caplog.messages == ["Shutting down"]
