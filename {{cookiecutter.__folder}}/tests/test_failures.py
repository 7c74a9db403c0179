"""What nobody answered is a 500 without details, and no error is plain text."""

import logging
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.utils.container import Container
from tests.kit.http import PROBLEM, open_nothing

pytestmark = pytest.mark.usefixtures("plain_problems")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


async def test_a_mistake_of_ours_is_a_problem_without_details(
    app: FastAPI, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise RuntimeError("the password is hunter2")

    with caplog.at_level(logging.ERROR):
        response = await client.get("/test/failing", headers={"x-request-id": "abc"})
    assert response.status_code == 500
    assert response.headers["content-type"] == PROBLEM
    assert "hunter2" not in response.text
    assert response.headers["x-request-id"] == "abc"
    assert [record.getMessage() for record in caplog.records] == ["request failed"]


async def test_plain_text_of_a_library_becomes_a_problem(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/plain")
    async def fail() -> PlainTextResponse:
        return PlainTextResponse("no such luck", 409, {"x-kept": "yes"})

    response = await client.get("/test/plain")
    assert response.status_code == 409
    assert response.json()["detail"] == "no such luck"
    assert response.headers["x-kept"] == "yes"


async def test_plain_text_that_comes_in_parts_is_not_cut(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/plain")
    async def fail() -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            for part in ("no ", "such ", "luck"):
                yield part

        return StreamingResponse(write(), 409, media_type="text/plain")

    response = await client.get("/test/plain")
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["detail"] == "no such luck"


async def test_plain_text_that_is_long_stays_as_it_is(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/plain")
    async def fail() -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            for number in range(30):
                yield str(number % 10) * 10_000

        return StreamingResponse(write(), 409, media_type="text/plain")

    response = await client.get("/test/plain")
    assert response.status_code == 409
    assert response.text == "".join(str(number % 10) * 10_000 for number in range(30))


async def test_plain_text_that_fails_before_its_end_is_a_problem(
    app: FastAPI, client: AsyncClient
) -> None:
    @app.get("/test/plain")
    async def fail() -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            yield "no "
            raise RuntimeError("and no more")

        return StreamingResponse(write(), 409, media_type="text/plain")

    assert (await client.get("/test/plain")).status_code == 500


async def test_each_cookie_of_an_error_survives(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/plain")
    async def fail() -> PlainTextResponse:
        response = PlainTextResponse("log in again", 401)
        response.set_cookie("first", "1")
        response.set_cookie("second", "2")
        response.headers.append("www-authenticate", "Basic")
        response.headers.append("www-authenticate", "Bearer")
        return response

    headers = (await client.get("/test/plain")).headers
    cookies = headers.get_list("set-cookie")
    assert [each.partition(";")[0] for each in cookies] == ["first=1", "second=2"]
    assert headers.get_list("www-authenticate") == ["Basic", "Bearer"]
    assert len(headers.get_list("content-type")) == len(headers.get_list("content-length")) == 1


async def test_plain_text_that_is_no_error_stays(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/plain")
    async def answer() -> PlainTextResponse:
        return PlainTextResponse("hello")

    assert (await client.get("/test/plain")).text == "hello"


async def test_an_answer_that_fails_half_way_is_cut(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/half")
    async def answer() -> StreamingResponse:
        async def write() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError("and no more")

        return StreamingResponse(write())

    with pytest.raises(RuntimeError, match="and no more"):
        await client.get("/test/half")


@pytest.mark.parametrize("length", [True, False], ids=["declared", "not declared"])
async def test_a_body_that_is_too_large_is_a_problem(
    app: FastAPI, client: AsyncClient, length: bool
) -> None:
    @app.post("/test/upload")
    async def read(request: Request) -> int:
        return len(await request.body())

    async def send() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    content = b"x" * 2_000_000 if length else send()
    response = await client.post("/test/upload", content=content)
    assert response.status_code == 413
    assert response.headers["content-type"] == PROBLEM
