"""HEAD: what GET says, without the body."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from httpx import AsyncClient

from app.core.config import CoreSettings
from app.utils.container import Container
from tests.kit.http import open_nothing


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


# Their length differs each time, or their moment does.
VARYING = {"x-request-id", "date"}


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/docs", "/test/things/7"])
async def test_head_has_the_headers_of_get_and_no_body(
    app: FastAPI, client: AsyncClient, path: str
) -> None:
    @app.get("/test/things/{number}")
    async def get_thing(number: int, response: Response) -> dict[str, int]:
        response.headers["etag"] = '"7"'
        return {"number": number}

    got, asked = await client.get(path), await client.head(path)
    assert (got.status_code, asked.status_code) == (200, 200)
    assert asked.content == b""
    headers = [{**each.headers} for each in (got, asked)]
    assert {*headers[0].items()} ^ {*headers[1].items()} <= {
        (name, each[name]) for each in headers for name in VARYING & each.keys()
    }
    assert int(asked.headers["content-length"]) > 0


async def test_errors_have_no_body_either(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/things/{number}")
    async def get_thing(number: int) -> int:
        return number

    for path, status in (("/test/things/x", 422), ("/test/nothing", 404)):
        response = await client.head(path)
        assert (response.status_code, response.content) == (status, b"")


async def test_where_there_is_no_get_there_is_no_head(app: FastAPI, client: AsyncClient) -> None:
    @app.post("/test/things")
    async def make_thing() -> None:
        """Do nothing."""

    response = await client.head("/test/things")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_route_for_head_itself_comes_first(app: FastAPI, client: AsyncClient) -> None:
    @app.head("/test/things")
    async def look() -> Response:
        return Response(headers={"x-from": "head"})

    @app.get("/test/things")
    async def get_things() -> Response:
        return Response(headers={"x-from": "get"})

    assert (await client.head("/test/things")).headers["x-from"] == "head"


async def test_a_stream_without_an_end_is_not_followed(app: FastAPI, client: AsyncClient) -> None:
    ended = asyncio.Event()

    @app.get("/test/stream")
    async def stream() -> StreamingResponse:
        async def write() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"more"
                    await asyncio.sleep(0)
            finally:
                ended.set()

        return StreamingResponse(write(), media_type="text/csv")

    async with asyncio.timeout(10):
        response = await client.head("/test/stream")
        await ended.wait()
    assert response.headers["content-type"].startswith("text/csv")


async def test_it_is_counted_as_head_with_its_route(client: AsyncClient) -> None:
    await client.head("/health/live")
    metrics = (await client.get("/metrics")).text
    assert 'method="HEAD",route="/health/live",status="200"' in metrics


async def test_the_document_does_not_mention_it(app: FastAPI) -> None:
    assert [path for path, methods in app.openapi()["paths"].items() if "head" in methods] == []
