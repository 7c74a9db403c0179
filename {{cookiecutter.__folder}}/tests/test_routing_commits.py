"""Routes that commit: not run again after it, and answered as what they have committed."""

from collections.abc import AsyncIterator

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from httpx import AsyncClient
from sqlalchemy import text

from app.core.errors import TransactionConflictError
from app.unit_of_work import UnitOfWork
from app.utils.container import Container
from app.web.routing import Router
from app.web.units import Begin, Unit
from tests.routing_kit import make_rows, read_values

pytestmark = pytest.mark.usefixtures("rows")


@pytest.fixture
async def rows(opened: Container) -> None:
    await make_rows(opened)


@pytest.fixture
def router() -> Router:
    return Router()


async def increase(uow: UnitOfWork) -> None:
    await uow.session.execute(text("UPDATE numbers SET value = value + 1"))


async def test_what_fails_after_the_commit_changes_no_answer(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit) -> str:
        async def fail() -> None:
            raise RuntimeError("the mailer does not answer")

        uow.after_commit(fail)
        await increase(uow)
        return "changed"

    app.include_router(router)
    answer = await client.post("/test/change")
    assert (answer.status_code, answer.json()) == (200, "changed")
    assert await read_values(opened) == [1, 1]


async def test_a_conflict_after_the_commit_changes_the_data_once(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(uow: Unit, begin: Begin) -> None:
        async def meet_conflict() -> None:
            async with begin():
                raise TransactionConflictError("others were faster")

        uow.after_commit(meet_conflict)
        await increase(uow)

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 200
    assert await read_values(opened) == [1, 1]


async def test_a_conflict_in_the_second_of_two_units_repeats_not_the_first(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    @router.post("/test/change")
    async def change(begin: Begin) -> None:
        async with begin() as first:
            await increase(first)
        async with begin():
            raise TransactionConflictError("others were faster")

    app.include_router(router)
    assert (await client.post("/test/change")).status_code == 503
    assert await read_values(opened) == [1, 1]


async def test_a_conflict_behind_the_answer_repeats_nothing(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    runs: list[str] = []

    @router.post("/test/change")
    async def change(uow: Unit, begin: Begin, tasks: BackgroundTasks) -> None:
        async def meet_conflict() -> None:
            runs.append("background")
            async with begin():
                raise TransactionConflictError("others were faster")

        tasks.add_task(meet_conflict)
        await increase(uow)

    app.include_router(router)
    with pytest.raises(Exception, match=r"others were faster|response already started"):
        await client.post("/test/change")
    assert runs == ["background"]
    assert await read_values(opened) == [1, 1]


async def test_a_conflict_in_an_answer_that_streams_repeats_nothing(
    app: FastAPI, router: Router, client: AsyncClient, opened: Container
) -> None:
    runs: list[str] = []

    @router.post("/test/change")
    async def change(uow: Unit, begin: Begin) -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            runs.append("stream")
            async with begin():
                yield "half"
                raise TransactionConflictError("others were faster")

        await increase(uow)
        return StreamingResponse(write())

    app.include_router(router)
    with pytest.raises(Exception, match=r"others were faster|response already started"):
        await client.post("/test/change")
    assert runs == ["stream"]
    assert await read_values(opened) == [1, 1]
