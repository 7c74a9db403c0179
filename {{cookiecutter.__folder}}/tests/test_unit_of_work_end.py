"""A unit of work that has ended: whatever is done in it would be lost, so it raises."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.unit_of_work import UnitOfWork, UnitOfWorkEndedError, UnitOfWorkFactory
from app.utils.container import Container
# {% if cookiecutter.broker != "none" %}
from tests.outbox_broker import Happened
# {% endif %}
from tests.unit_of_work_kit import count, insert, make_numbers

SENTENCE = "^this unit of work has ended: begin another with UnitOfWorkFactory"


@pytest.fixture
async def begin(opened: Container) -> UnitOfWorkFactory:
    return await make_numbers(opened)


async def nothing() -> None:
    """Do nothing."""


USES: dict[str, Callable[[UnitOfWork], object]] = {
    "session": lambda uow: uow.session,
    "after_commit": lambda uow: uow.after_commit(nothing),
    # {% if cookiecutter.broker != "none" %}
    "emit": lambda uow: uow.emit(Happened(number=1)),
    # {% endif %}
}


async def make_committed(begin: UnitOfWorkFactory) -> UnitOfWork:
    async with begin() as uow:
        await insert(uow, 1)
        # {% if cookiecutter.broker != "none" %}
        uow.emit(Happened(number=1))
        # {% endif %}
    return uow


async def make_empty(begin: UnitOfWorkFactory) -> UnitOfWork:
    async with begin() as uow:
        pass
    return uow


async def make_failed(begin: UnitOfWorkFactory) -> UnitOfWork:
    kept: list[UnitOfWork] = []

    async def fail() -> None:
        async with begin() as uow:
            kept.append(uow)
            await insert(uow, 1)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    return kept[0]


async def make_read_only(begin: UnitOfWorkFactory) -> UnitOfWork:
    async with begin(read_only=True) as uow:
        await uow.session.execute(select(1))
    return uow


async def make_with_savepoint(begin: UnitOfWorkFactory) -> UnitOfWork:
    async with begin() as uow, uow.session.begin_nested():
        await insert(uow, 1)
    return uow


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "make", [make_committed, make_empty, make_failed, make_read_only, make_with_savepoint]
)
async def test_nothing_can_be_done_in_it(
    begin: UnitOfWorkFactory, make: Callable[[UnitOfWorkFactory], object], use: str
) -> None:
    uow = await make(begin)  # type: ignore[misc] # each of them is a coroutine
    with pytest.raises(UnitOfWorkEndedError, match=SENTENCE):
        USES[use](uow)


async def test_its_session_begins_no_other_transaction(
    begin: UnitOfWorkFactory, opened: Container
) -> None:
    for read_only in (False, True):
        async with begin(read_only=read_only) as uow:
            session = uow.session
            await session.execute(select(1))
        with pytest.raises(InvalidRequestError):
            await session.execute(text("INSERT INTO numbers VALUES (1, 'x')"))
    assert opened[Database].count_connections()[0] == 0


async def test_a_savepoint_that_is_left_open_writes_nothing(begin: UnitOfWorkFactory) -> None:
    async with begin() as uow:
        session, savepoint = uow.session, await uow.session.begin_nested()
        await insert(uow, 1)
    with pytest.raises(InvalidRequestError):
        await session.execute(text("INSERT INTO numbers VALUES (2, 'x')"))
    assert not savepoint.is_active
    assert await count(begin) == 1


async def test_a_task_that_outlives_it_hears_of_it(begin: UnitOfWorkFactory) -> None:
    ended = asyncio.Event()

    async def write_later(uow: UnitOfWork) -> None:
        await ended.wait()
        await insert(uow, 1)

    async with begin() as uow:
        task = asyncio.create_task(write_later(uow))
    ended.set()
    with pytest.raises(UnitOfWorkEndedError, match=SENTENCE):
        await task
    assert await count(begin) == 0


async def test_nothing_can_be_done_in_it_while_it_is_committed(begin: UnitOfWorkFactory) -> None:
    found: list[type[BaseException]] = []

    async with begin() as uow:
        await insert(uow, 1)

        def use(_: object) -> None:
            with pytest.raises(UnitOfWorkEndedError) as caught:
                _ = uow.session
            found.append(caught.type)

        event.listen(uow.session.sync_session, "before_commit", use)
    assert found == [UnitOfWorkEndedError]


async def test_between_its_commit_and_its_end_its_session_writes_nothing(
    begin: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def close_late(session: AsyncSession) -> None:
        with pytest.raises(InvalidRequestError):
            await session.execute(text("INSERT INTO numbers VALUES (2, 'x')"))
        await close(session)

    close = AsyncSession.close
    monkeypatch.setattr(AsyncSession, "close", close_late)
    async with begin() as uow:
        await insert(uow, 1)
    monkeypatch.undo()
    assert await count(begin) == 1


async def test_a_session_is_used_again_by_nobody(opened: Container) -> None:
    async def read() -> AsyncIterator[AsyncSession]:
        async with opened[Database].begin() as session:
            yield session

    sessions = [session async for session in read()]
    with pytest.raises(InvalidRequestError):
        await sessions[0].execute(select(1))
