"""Units of work: all or nothing, and errors that say what they mean to the service."""

import asyncio
import traceback

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util import await_only

from app.core.config import CoreSettings
from app.core.errors import ConflictError, InvalidInputError, UnavailableError
from app.database import Database
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container

INSERT = text("INSERT INTO numbers VALUES (:id, :value)")


@pytest.fixture
async def begin(opened: Container) -> UnitOfWorkFactory:
    columns = "id BIGINT PRIMARY KEY, value VARCHAR(20) NOT NULL"
    async with opened[Database].engine.begin() as connection:
        await connection.execute(text(f"CREATE TABLE numbers ({columns})"))
    return opened[UnitOfWorkFactory]


async def insert(uow: UnitOfWork, number: int, value: str | None = "x") -> None:
    await uow.session.execute(INSERT, {"id": number, "value": value})


async def count(begin: UnitOfWorkFactory) -> int:
    async with begin(read_only=True) as uow:
        return await uow.session.scalar(text("SELECT COUNT(*) FROM numbers")) or 0


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


async def insert_alone(begin: UnitOfWorkFactory, number: int, value: str | None = "x") -> None:
    async with begin() as uow:
        await insert(uow, number, value)


async def test_what_goes_against_a_constraint_is_a_conflict(begin: UnitOfWorkFactory) -> None:
    await insert_alone(begin, 1)
    with pytest.raises(ConflictError):
        await insert_alone(begin, 1)


async def test_a_number_beyond_64_bits_cannot_be_stored(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(InvalidInputError):
        await insert_alone(begin, 2**70)


async def test_a_mistake_of_ours_stays_what_it_is(begin: UnitOfWorkFactory) -> None:
    with pytest.raises(SQLAlchemyError):
        await insert_alone(begin, 1, None)


async def test_the_error_of_a_row_does_not_show_the_row(begin: UnitOfWorkFactory) -> None:
    await insert_alone(begin, 424242)

    async def break_row() -> None:
        async with begin() as uow:
            await uow.session.execute(text("UPDATE numbers SET value = NULL"))

    with pytest.raises(SQLAlchemyError) as caught:
        await break_row()
    assert "424242" not in "".join(traceback.format_exception(caught.value))


async def test_a_pool_that_is_empty_is_unavailable(
    begin: UnitOfWorkFactory, core: CoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(core.database.model_copy(update={"pool_seconds": 0.05}), connections=1)
    monkeypatch.setattr(begin, "_database", database)
    async with begin(read_only=True) as uow:
        await uow.session.execute(text("SELECT 1"))
        with pytest.raises(UnavailableError):
            await count(begin)
    await database.engine.dispose()
# {% if cookiecutter.database == "postgresql" %}


async def test_a_nul_character_cannot_be_stored(
    begin: UnitOfWorkFactory, core: CoreSettings
) -> None:
    if core.database.url.startswith("sqlite:"):
        await insert_alone(begin, 1, "a\0b")
        return
    with pytest.raises(InvalidInputError):
        await insert_alone(begin, 1, "a\0b")
# {% endif %}
