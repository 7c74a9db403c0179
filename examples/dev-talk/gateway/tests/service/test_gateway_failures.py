"""What becomes of requests when a service does not answer."""

import asyncio

import pytest
from aiohttp import web
from httpx import AsyncClient

from app.core.errors import UnavailableError
from app.gateway.circuit import Circuit
from app.resources import Resources
from app.utils.container import Container
from tests.service.conftest import Services

DOWN = {"errors": {"articles": ["does not answer, try again later"]}}


@pytest.mark.usefixtures("services")
async def test_a_service_that_is_down_is_unavailable_and_the_others_are_not(
    client: AsyncClient, opened: Container
) -> None:
    opened[Resources].upstreams["articles"].url = "http://127.0.0.1:9"
    answer = await client.get("/api/articles")
    assert answer.status_code == 503
    assert answer.json() == DOWN
    assert answer.headers["retry-after"] == "1"
    assert (await client.get("/api/user")).status_code == 200


async def test_a_service_that_fails_again_and_again_is_left_alone_until_it_is_back(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    upstream = opened[Resources].upstreams["articles"]
    moment = 0.0
    upstream.circuit.clock = lambda: moment

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    services.answer = hang_up
    for _ in range(5):
        assert (await client.post("/api/articles")).status_code == 503
    asked = len(services.requests)
    services.answer = None
    answer = await client.post("/api/articles")
    assert answer.status_code == 503
    assert answer.json() == DOWN
    assert len(services.requests) == asked
    moment = 3.0
    assert (await client.post("/api/articles")).status_code == 200
    assert (await client.post("/api/articles")).status_code == 200


async def test_a_service_that_hangs_is_given_up(
    services: Services, client: AsyncClient, opened: Container
) -> None:
    opened[Resources].upstreams["articles"].seconds = 0.05
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    services.answer = hang
    answer = await client.get("/api/articles")
    released.set()
    assert answer.status_code == 504
    assert answer.json() == {"errors": {"articles": ["took too long to answer"]}}


async def test_an_answer_that_breaks_off_is_none(services: Services, client: AsyncClient) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    services.answer = break_off
    assert (await client.get("/api/articles")).json() == DOWN


def test_one_request_tries_a_service_that_is_left_alone() -> None:
    moment = 0.0
    circuit = Circuit("articles", failures=2, seconds=10, clock=lambda: moment)
    circuit.fail()
    circuit.check()
    circuit.fail()
    moment = 9.9
    with pytest.raises(UnavailableError):
        circuit.check()
    moment = 10.0
    circuit.check()
    with pytest.raises(UnavailableError):
        circuit.check()
    circuit.fail()
    moment = 19.9
    with pytest.raises(UnavailableError):
        circuit.check()
    moment = 20.0
    circuit.check()
    circuit.succeed()
    circuit.fail()
    circuit.check()
