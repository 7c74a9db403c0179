"""Routes: committed before the answer, all or nothing."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.utils.container import Container
from app.web.routing import Router
from app.web.units import ReadUnit, Unit
from tests.routing_kit import make_rows, read_values


@pytest.fixture(autouse=True)
async def rows(opened: Container) -> None:
    await make_rows(opened)


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
