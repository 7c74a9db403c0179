"""The gateway: what it hands on, to whom, and what comes back."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from httpx import AsyncClient

from app.resources import Resources
from app.utils.container import Container
from tests.kit.spans import RecordedSpans
from tests.service.conftest import Services


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/users/login", "auth"),
        ("GET", "/api/user", "auth"),
        ("DELETE", "/api/user/sessions", "auth"),
        ("GET", "/api/profiles/ann", "auth"),
        ("GET", "/api/articles", "articles"),
        ("GET", "/api/articles/feed", "articles"),
        ("POST", "/api/articles/a-title/favorite", "articles"),
        ("GET", "/api/tags", "articles"),
        ("GET", "/api/articles/a-title/comments", "comments"),
        ("DELETE", "/api/articles/a-title/comments/7", "comments"),
    ],
)
@pytest.mark.usefixtures("services")
async def test_each_path_is_answered_by_its_service(
    client: AsyncClient, opened: Container, method: str, path: str, name: str
) -> None:
    upstreams = opened[Resources].upstreams
    for other in upstreams.keys() - {name}:
        upstreams[other].url = "http://127.0.0.1:9"
    answer = await client.request(method, path)
    assert answer.status_code == 200
    assert answer.json() == {"path": path}


async def test_a_path_that_nobody_answers_is_not_found(
    services: Services, client: AsyncClient
) -> None:
    answer = await client.get("/api/else")
    assert answer.status_code == 404
    assert answer.json() == {"errors": {"request": ["Not Found"]}}
    assert services.requests == []


@pytest.mark.usefixtures("services")
async def test_paths_and_queries_arrive_as_they_were_written(client: AsyncClient) -> None:
    path = "/api/articles/a%2Fb%20%C3%A9?tag=a%26b&tag=c+d&empty="
    assert (await client.get(path)).json() == {"path": path}


async def test_bodies_arrive_and_answers_come_back_unchanged(
    services: Services, client: AsyncClient
) -> None:
    async def answer(request: web.Request) -> web.Response:
        headers = {"etag": '"1"', "content-type": "text/html", "set-cookie": "a=b"}
        return web.Response(body=await request.read(), status=201, headers=headers)

    services.answer = answer
    body = bytes(range(256))
    answered = await client.post("/api/articles", content=body)
    assert answered.status_code == 201
    assert answered.content == body
    assert answered.headers["etag"] == '"1"'
    assert answered.headers["content-type"] == "text/html"
    assert answered.headers["set-cookie"] == "a=b"


async def test_errors_of_a_service_come_back_unchanged(
    services: Services, client: AsyncClient
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"errors": {"article": ["not found"]}}, status=404)

    services.answer = answer
    answered = await client.get("/api/articles/nothing")
    assert answered.status_code == 404
    assert answered.json() == {"errors": {"article": ["not found"]}}


async def test_headers_of_the_connection_stay_here_and_nobody_claims_to_be_elsewhere(
    services: Services, client: AsyncClient
) -> None:
    headers = {
        "accept": "application/json",
        "connection": "close",
        "x-forwarded-for": "6.6.6.6",
        "forwarded": "for=6.6.6.6",
        "x-request-id": "abc",
        "x-custom": "kept",
    }
    answer = await client.get("/api/tags", headers=headers)
    [request] = services.requests
    assert request.headers["x-forwarded-for"] == "127.0.0.1"
    assert "forwarded" not in request.headers
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-custom"] == "kept"
    assert request.headers["x-request-id"] == "abc"
    assert request.headers.get("connection") != "close"
    assert answer.headers["x-own"] == "yes"
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert len(answer.headers.get_list("date")) == 0


async def test_the_trace_goes_on_in_the_service(
    spans: RecordedSpans, services: Services, client: AsyncClient
) -> None:
    trace_id = "a" * 32
    await client.get("/api/tags", headers={"traceparent": f"00-{trace_id}-{'b' * 16}-01"})
    [request] = services.requests
    assert request.headers["traceparent"].split("-")[1] == trace_id
    assert spans.name_parent("GET") == "GET /api/tags"


async def test_a_large_answer_streams(services: Services, client: AsyncClient) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/plain"})
        await response.prepare(request)
        for _ in range(20):
            await response.write(b"x" * 50_000)
        return response

    services.answer = answer
    answered = await client.get("/api/articles")
    assert len(answered.content) == 1_000_000


async def test_a_large_body_streams_without_a_length(
    services: Services, client: AsyncClient
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 50_000

    await client.post("/api/articles", content=parts())
    assert len(services.bodies[0]) == 500_000


@pytest.mark.usefixtures("services")
async def test_a_body_that_is_too_large_is_the_fault_of_the_client(client: AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 50_000

    answer = await client.post("/api/articles", content=parts())
    assert answer.status_code == 413
    assert list(answer.json()["errors"]) == ["request"]
    assert (await client.get("/api/articles")).status_code == 200


async def test_one_document_shows_what_all_services_answer(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    def describe(path: str, kind: str) -> dict[str, object]:
        schema = {"$ref": "#/components/schemas/Thing"}
        return {
            "paths": {path: {"get": {"schema": schema}}, "/health/live": {}},
            "components": {"schemas": {"Thing": {"type": kind}}},
        }

    documents = [describe("/api/user", "string"), describe("/api/articles", "integer")]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(documents.pop(0))

    services.answer = answer
    opened[Resources].upstreams["comments"].url = "http://127.0.0.1:9"
    merged = (await client.get("/api/openapi.json")).json()
    assert set(merged["paths"]) == {"/api/user", "/api/articles"}
    kinds = {each["type"] for each in merged["components"]["schemas"].values()}
    assert kinds == {"string", "integer"}
    for operations in merged["paths"].values():
        name = operations["get"]["schema"]["$ref"].rpartition("/")[2]
        assert name in merged["components"]["schemas"]
    assert "openapi.json" in (await client.get("/api/docs")).text
