"""More requests at once than a process can bear are refused, and probes are not."""

import asyncio

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from prometheus_client import REGISTRY

from app.core.config import CoreSettings
from app.utils.container import Container
from tests.kit.http import PROBLEM, open_nothing

pytestmark = pytest.mark.usefixtures("plain_problems")


@pytest.fixture
def opened(core: CoreSettings) -> Container:
    return open_nothing(core)


@pytest.fixture(autouse=True)
def one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCURRENT_REQUESTS", "1")


class Gate:
    """A route that answers when it may."""

    def __init__(self, app: FastAPI) -> None:
        self.entered, self.opened = asyncio.Event(), asyncio.Event()

        @app.get("/test/gate")
        async def wait() -> str:
            self.entered.set()
            await self.opened.wait()
            return "ok"


@pytest.fixture
def gate(app: FastAPI) -> Gate:
    return Gate(app)


async def test_one_too_many_is_refused_until_another_ends(gate: Gate, client: AsyncClient) -> None:
    refusals = REGISTRY.get_sample_value("http_requests_refused_total") or 0
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.get("/test/gate"))
        await gate.entered.wait()
        refused = await client.get("/test/gate")
        gate.opened.set()
    assert first.result().status_code == 200
    assert refused.status_code == 503
    assert refused.headers["content-type"] == PROBLEM
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-request-id"]
    assert REGISTRY.get_sample_value("http_requests_refused_total") == refusals + 1
    assert (await client.get("/test/gate")).status_code == 200


async def test_probes_are_answered_all_the_same(gate: Gate, client: AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(client.get("/test/gate"))
        await gate.entered.wait()
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
        gate.opened.set()


async def test_a_request_that_fails_makes_room(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/test/failing")
    async def fail() -> None:
        raise RuntimeError("no")

    assert [(await client.get("/test/failing")).status_code for _ in range(2)] == [500, 500]
