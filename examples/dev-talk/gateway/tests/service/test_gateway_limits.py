"""Requests that are too large, and services that keep theirs waiting, take nothing from others."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiohttp import web
from httpx import AsyncClient

from app.api.middleware import HEADER_BYTES, HEADERS, TARGET_BYTES
from app.core.errors import UnavailableError
from app.gateway.upstream import CONNECTIONS
from app.resources import Resources
from app.utils.container import Container
from tests.service.conftest import Services

SLOW = {"errors": {"articles": ["takes too long to answer this now, try again later"]}}


@pytest.mark.parametrize(
    ("path", "filling"),
    [
        ("/api/articles/{}", "x"),
        ("/api/articles/{}/", "x"),
        ("/api/articles?tag={}", "x"),
        ("/api/articles/a?{}", "&"),
        ("/api/profiles/{}", "%C3"),
        ("/api/else/{}", "x"),
        ("/api/openapi.json?{}", "x"),
    ],
)
async def test_a_target_has_a_limit(
    services: Services, client: AsyncClient, path: str, filling: str
) -> None:
    answer = await client.get(path.format(filling * TARGET_BYTES))
    assert answer.status_code == 414
    assert list(answer.json()["errors"]) == ["target"]
    assert services.requests == []


@pytest.mark.usefixtures("services")
async def test_a_target_up_to_the_limit_arrives(client: AsyncClient) -> None:
    path = "/api/articles/"
    path += "x" * (TARGET_BYTES - len(path))
    assert (await client.get(path)).json() == {"path": path}
    assert (await client.get(f"{path}x")).status_code == 414


@pytest.mark.parametrize(
    "headers",
    [
        [("x-large", "x" * HEADER_BYTES)],
        [("x" * HEADER_BYTES, "small")],
        [(f"x-{number}", "y") for number in range(HEADERS)],
        [("cookie", "x" * 1000)] * 13,
        [("authorization", f"Token {'x' * HEADER_BYTES}")],
    ],
)
async def test_headers_have_a_limit(
    services: Services, client: AsyncClient, headers: list[tuple[str, str]]
) -> None:
    answer = await client.get("/api/articles", headers=headers)
    assert answer.status_code == 431
    assert list(answer.json()["errors"]) == ["headers"]
    assert services.requests == []


async def hang(_: web.Request) -> web.Response:
    """Never answer."""
    await asyncio.Event().wait()
    return web.Response()


async def test_a_timeout_of_one_route_is_that_routes(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    upstream = opened[Resources].upstreams["articles"]
    upstream.seconds = 0.05
    services.answer = hang
    slow = [await client.get(f"/api/articles/{number}") for number in range(6)]
    assert [answer.status_code for answer in slow] == [504] * 5 + [503]
    assert slow[5].json() == SLOW
    services.answer = None
    upstream.seconds = 10
    assert (await client.get("/api/articles/another")).json() == SLOW
    others = [
        ("GET", "/api/articles"),
        ("GET", "/api/articles/feed"),
        ("PUT", "/api/articles/1"),
        ("POST", "/api/articles/1/favorite"),
        ("GET", "/api/tags"),
    ]
    for method, path in others:
        assert (await client.request(method, path)).status_code == 200


async def test_a_slow_route_is_tried_again_after_a_while(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    upstream = opened[Resources].upstreams["articles"]
    circuit = upstream.find_circuit("GET /articles/{slug}")
    moment = 0.0
    circuit.clock = lambda: moment
    for _ in range(5):
        circuit.fail()
    assert (await client.get("/api/articles/a")).status_code == 503
    assert services.requests == []
    moment = 3.0
    for _ in range(2):
        assert (await client.get("/api/articles/a")).status_code == 200


async def test_a_service_that_hangs_up_on_a_body_is_not_left_alone(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 50_000
            await asyncio.sleep(0.01)

    services.answer = hang_up
    for _ in range(6):
        assert (await client.post("/api/articles", content=parts())).status_code == 503
    opened[Resources].upstreams["articles"].circuit.check()


async def test_a_service_that_is_silent_counts(
    services: Services, client: AsyncClient, opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    del services
    upstream = opened[Resources].upstreams["articles"]

    async def never(*_: object, **__: object) -> object:
        raise TimeoutError

    monkeypatch.setattr(upstream.session.connector, "connect", never)
    for _ in range(5):
        answer = await client.get("/api/articles")
        assert answer.json()["errors"] == {"articles": ["does not answer, try again later"]}
    with pytest.raises(UnavailableError):
        upstream.circuit.check()


async def begin_only(request: web.Request, length: int = 1_000_000) -> web.StreamResponse:
    """Answer with a beginning, and nothing after it."""
    response = web.StreamResponse(headers={"content-length": str(length)})
    await response.prepare(request)
    await response.write(b"first")
    await asyncio.Event().wait()
    return response


async def test_answers_that_hang_take_nothing_from_other_services(
    services: Services, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.upstream.WAIT_SECONDS", 0.05)
    all_begun = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if len(services.requests) == CONNECTIONS:
            all_begun.set()
        return await begin_only(request)

    services.answer = answer
    hanging = [asyncio.create_task(client.get("/api/articles")) for _ in range(CONNECTIONS)]
    await asyncio.wait_for(all_begun.wait(), 30)
    busy = await client.get("/api/tags")
    assert busy.status_code == 503
    assert busy.json() == {"errors": {"articles": ["is busy, try again later"]}}
    services.answer = None
    for path in ("/api/user", "/api/articles/a/comments"):
        assert (await client.get(path)).status_code == 200
    for each in hanging:
        each.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert (await client.get("/api/tags")).status_code == 200


async def test_each_service_has_connections_of_its_own(
    services: Services, opened: Container
) -> None:
    del services
    upstreams = opened[Resources].upstreams.values()
    assert len({id(each.session.connector) for each in upstreams}) == len(upstreams)


async def test_an_answer_that_pauses_in_its_middle_is_cut(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    upstream = opened[Resources].upstreams["articles"]
    upstream.idle_seconds = 0.05
    services.answer = begin_only
    for _ in range(5):
        with pytest.raises(Exception, match="response already started"):
            await client.get("/api/articles")
    assert (await client.get("/api/articles")).json() == SLOW
    upstream.circuit.check()


async def test_a_small_answer_that_pauses_in_its_middle_is_late(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    opened[Resources].upstreams["articles"].idle_seconds = 0.05
    services.answer = partial(begin_only, length=100)
    answered = await client.get("/api/articles")
    assert answered.status_code == 504
    assert answered.json() == {"errors": {"articles": ["took too long to answer"]}}
