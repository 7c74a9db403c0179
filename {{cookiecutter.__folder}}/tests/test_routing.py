"""Routes: committed before the answer, all or nothing, and tried again where that helps."""

import asyncio
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request
from httpx import AsyncClient
from sqlalchemy import text

from app.core.errors import TransactionConflictError
from app.database import Database
from app.utils.container import Container
from app.web.routing import ATTEMPTS, Router
from app.web.units import ReadUnit, Unit


@pytest.fixture(autouse=True)
async def rows(opened: Container) -> None:
    async with opened[Database].engine.begin() as connection:
        columns = "id INTEGER PRIMARY KEY, value INTEGER"
        await connection.execute(text(f"CREATE TABLE numbers ({columns})"))
        await connection.execute(text("INSERT INTO numbers VALUES (1, 0), (2, 0)"))


async def read_values(opened: Container) -> list[int]:
    async with opened[Database].readers() as session:
        return list(await session.scalars(text("SELECT value FROM numbers ORDER BY id")))


@pytest.fixture
def router() -> Router:
    return Router()


async def test_a_change_is_committed_before_its_answer(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit) -> None:
        await uow.session.execute(text("UPDATE numbers SET value = 7"))

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 200
    assert await read_values(opened) == [7, 7]


async def test_a_route_that_fails_leaves_nothing_behind(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit) -> None:
        await uow.session.execute(text("UPDATE numbers SET value = 7"))
        raise RuntimeError("half-way")

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 500
    assert await read_values(opened) == [0, 0]


async def test_what_is_for_after_the_commit_is_done_after_it(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    seen: list[list[int]] = []

    @router.post("/test/change")
    async def change(uow: Unit) -> None:
        async def look() -> None:
            seen.append(await read_values(opened))

        uow.after_commit(look)
        await uow.session.execute(text("UPDATE numbers SET value = 7"))

    app.include_router(router)
    await client.post("/test/change")
    assert seen == [[7, 7]]


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


async def test_a_route_that_reads_cannot_write(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: ReadUnit) -> None:
        await uow.session.execute(text("UPDATE numbers SET value = 7"))

    @router.get("/test/values")
    async def read(uow: ReadUnit) -> list[int]:
        return list(await uow.session.scalars(text("SELECT value FROM numbers")))

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 500
    assert await read_values(opened) == [0, 0]
    assert (await client.get("/test/values")).json() == [0, 0]
