"""Errors: each kind has its status, and every answer is a problem made in one place."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from httpx import AsyncClient
from starlette.exceptions import HTTPException
from starlette.types import Message, Scope

from app.core.config import CoreSettings
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from app.utils.container import Container
from tests.kit.http import PROBLEM, open_nothing

pytestmark = pytest.mark.usefixtures("plain_problems")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("there is none"), 404),
        (ForbiddenError("not yours"), 403),
        (ConflictError("taken"), 409),
        (InvalidInputError("of no use"), 422),
        (UnavailableError("down"), 503),
        (HTTPException(418, "short and stout"), 418),
        (HTTPException(499, "gone before the answer"), 499),
        (HTTPException(405, "not like this"), 405),
    ],
)
async def test_an_error_of_the_service_is_a_problem(
    app: FastAPI, client: AsyncClient, error: Exception, status: int
) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise error

    response = await client.get("/test/failing")
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["status"] == status
    assert response.json()["detail"] == (getattr(error, "detail", None) or str(error))


async def test_unavailable_says_when_to_come_back(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise UnavailableError("down")

    assert (await client.get("/test/failing")).headers["retry-after"] == "1"


async def test_input_of_no_use_points_at_its_field(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise InvalidInputError("no such place", field="query.place")

    errors = (await client.get("/test/failing")).json()["errors"]
    assert errors == [{"field": "query.place", "message": "no such place"}]


async def read_stream(request: Request) -> None:
    """Read the body as it comes."""
    async for _ in request.stream():
        pass


async def read_body(request: Request) -> None:
    """Read all of the body."""
    await request.body()


async def read_json(body: dict[str, str]) -> None:
    """Take the body as FastAPI reads it."""


@pytest.mark.parametrize("read", [read_stream, read_body, read_json])
async def test_an_upload_that_its_client_gives_up_is_no_failure_of_the_service(
    app: FastAPI,
    opened: Container,
    caplog: pytest.LogCaptureFixture,
    read: Callable[..., Awaitable[None]],
) -> None:
    app.post("/test/uploads")(read)
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/test/uploads",
        "raw_path": b"/test/uploads",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"100")],
        "state": {"opened": opened},
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert {record.levelname for record in caplog.records} == {"INFO"}


@pytest.mark.parametrize("path", ["/test/things/", "/test/things/x/", "/test/slashed"])
async def test_a_path_with_another_slash_at_its_end_is_another_path(
    app: FastAPI, client: AsyncClient, path: str
) -> None:
    @app.get("/test/things")
    @app.get("/test/things/{name}")
    @app.get("/test/slashed/")
    async def get() -> None:
        pass

    answer = await client.get(path)
    assert answer.status_code == 404
    assert "location" not in answer.headers
