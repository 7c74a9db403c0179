"""Routes whose transactions get in the way of each other: tried again where that helps."""

import asyncio
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request
from httpx import AsyncClient
from sqlalchemy import text

from app.core.attempts import ATTEMPTS
from app.core.errors import TransactionConflictError
from app.utils.container import Container
from app.web.routing import Router
from app.web.units import Unit
from tests.routing_kit import make_rows, read_values


@pytest.fixture(autouse=True)
async def rows(opened: Container) -> None:
    await make_rows(opened)


@pytest.fixture
def router() -> Router:
    return Router()


async def test_a_transaction_that_others_got_in_the_way_of_is_tried_again(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    attempts = 0

    @router.post("/test/change")
    async def change(uow: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await uow.session.execute(text("UPDATE numbers SET value = value + 1"))
        if attempts < ATTEMPTS:
            raise TransactionConflictError("again")

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 200
    assert await read_values(opened) == [1, 1]


async def test_a_body_that_is_gone_is_not_asked_for_again(
    app: FastAPI, router: Router, client: AsyncClient
) -> None:
    attempts = 0

    @router.post("/test/upload")
    async def upload(request: Request) -> None:
        nonlocal attempts
        attempts += 1
        async for _ in request.stream():
            pass
        raise TransactionConflictError("again")

    app.include_router(router)
    response = await client.post("/test/upload", content=b"once")
    assert (response.status_code, attempts) == (503, 1)


async def test_a_transaction_that_others_always_get_in_the_way_of_is_unavailable(
    app: FastAPI, router: Router, client: AsyncClient
) -> None:
    attempts = 0

    @router.post("/test/change")
    async def change() -> None:
        nonlocal attempts
        attempts += 1
        raise TransactionConflictError("again")

    app.include_router(router)
    response = await client.post("/test/change")
    assert (response.status_code, attempts) == (503, ATTEMPTS)
    assert response.headers["retry-after"] == "1"


async def test_two_that_wait_for_each_other_both_succeed(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    arrived = {1: asyncio.Event(), 2: asyncio.Event()}
    increase = text("UPDATE numbers SET value = value + 1 WHERE id = :id")

    @router.post("/test/change/{first}/{second}")
    async def change(first: int, second: int, uow: Unit) -> None:
        await uow.session.execute(increase, {"id": first})
        arrived[first].set()
        # A database with one writer at a time lets the other not come so far.
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await arrived[second].wait()
        await uow.session.execute(increase, {"id": second})

    app.include_router(router)
    requests = (client.post(f"/test/change/{way}") for way in ("1/2", "2/1"))
    assert [answer.status_code for answer in await asyncio.gather(*requests)] == [200, 200]
    assert await read_values(opened) == [2, 2]
