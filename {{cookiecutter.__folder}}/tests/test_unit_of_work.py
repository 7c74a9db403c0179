"""Units of work: all or nothing, whatever ends them."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import await_only

from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from tests.unit_of_work_kit import count, insert, make_numbers


@pytest.fixture
async def begin(opened: Container) -> UnitOfWorkFactory:
    return await make_numbers(opened)


async def test_a_unit_that_ends_is_committed(begin: UnitOfWorkFactory) -> None:
    async with begin() as uow:
        await insert(uow, 1)
    assert await count(begin) == 1


async def fail_half_way(begin: UnitOfWorkFactory) -> None:
    async with begin() as uow:
        await insert(uow, 1)
        raise RuntimeError("half-way")


async def test_a_unit_that_fails_leaves_nothing_behind(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(RuntimeError, match="half-way"):
        await fail_half_way(begin)
    assert await count(begin) == 0


async def test_a_unit_that_is_cancelled_leaves_nothing_behind(begin: UnitOfWorkFactory) -> None:
    async def wait_half_way(inserted: asyncio.Event) -> None:
        async with begin() as uow:
            await insert(uow, 1)
            inserted.set()
            await asyncio.Event().wait()

    inserted = asyncio.Event()
    task = asyncio.create_task(wait_half_way(inserted))
    await inserted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(begin) == 0


async def test_a_rollback_that_fails_does_not_hide_what_ended_the_unit(
    begin: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: AsyncSession) -> None:
        raise OperationalError("ROLLBACK", {}, ConnectionError("the connection is gone"))

    monkeypatch.setattr(AsyncSession, "rollback", fail)
    with pytest.raises(RuntimeError, match="half-way"):
        await fail_half_way(begin)


async def test_a_commit_that_gets_no_answer_can_be_cancelled(begin: UnitOfWorkFactory) -> None:
    committing = asyncio.Event()

    def wait_without_end(_: object) -> None:
        committing.set()
        await_only(asyncio.Event().wait())

    async def commit() -> None:
        async with begin() as uow:
            await insert(uow, 1)
            event.listen(uow.session.sync_session, "before_commit", wait_without_end)

    task = asyncio.create_task(commit())
    await committing.wait()
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await count(begin) == 0


async def test_what_is_for_after_the_commit_is_not_done_without_one(
    begin: UnitOfWorkFactory,
) -> None:
    done: list[int] = []

    async def note(number: int) -> None:
        done.append(number)

    async def fail() -> None:
        async with begin() as uow:
            uow.after_commit(lambda: note(1))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await fail()
    async with begin() as uow:
        uow.after_commit(lambda: note(2))
        assert done == []
    assert done == [2]


async def test_what_was_rolled_back_takes_what_is_for_after_its_commit_with_it(
    begin: UnitOfWorkFactory,
) -> None:
    done: list[str] = []

    async def note(place: str) -> None:
        done.append(place)

    async def fail_in_savepoint(uow: UnitOfWork) -> None:
        async with uow.session.begin_nested():
            uow.after_commit(partial(note, "savepoint"))
            raise RuntimeError("half-way")

    async with begin() as uow:
        uow.after_commit(partial(note, "transaction"))
        with pytest.raises(RuntimeError, match="half-way"):
            await fail_in_savepoint(uow)
    assert done == ["transaction"]
    async with begin() as uow:
        await insert(uow, 1)
        uow.after_commit(partial(note, "rolled back"))
        await uow.session.rollback()
        uow.after_commit(partial(note, "after the rollback"))
    assert done == ["transaction", "after the rollback"]


async def write_read_only(begin: UnitOfWorkFactory) -> None:
    async with begin(read_only=True) as uow:
        await insert(uow, 1)


async def test_a_unit_that_reads_cannot_write(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(SQLAlchemyError):
        await write_read_only(begin)
    # And leaves the connection as it was.
    async with begin() as uow:
        await insert(uow, 1)
    assert await count(begin) == 1
