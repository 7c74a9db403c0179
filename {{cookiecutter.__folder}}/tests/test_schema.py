"""A process waits for the migrations of its version, and for no more."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.commands import schema
from app.core.config import CoreSettings, load_core_settings
from app.database import Database, open_database
from app.services.migrations import migrate


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> CoreSettings:
    """The settings of a service whose database is an empty file."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///empty.db")
    return load_core_settings()


@pytest.fixture
async def database(core: CoreSettings) -> AsyncIterator[Database]:
    async with open_database(core.database, connections=1) as database:
        yield database


async def test_an_empty_database_is_waited_for(core: CoreSettings, database: Database) -> None:
    async with database.engine.connect() as connection:
        missing = await connection.run_sync(schema.find_missing)
    assert len(missing) == 2, "the template's branch of migrations and the service's"
    assert await schema.examine(core) == f"not migrated to {', '.join(sorted(missing))}"


async def test_tables_that_are_up_to_date_are_not_waited_for(
    core: CoreSettings, database: Database
) -> None:
    await migrate(database)
    assert await schema.examine(core) is None


async def test_tables_of_a_newer_version_are_not_waited_for(
    core: CoreSettings, database: Database
) -> None:
    await migrate(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('of_next_year')"))
    assert await schema.examine(core) is None


async def test_a_database_that_does_not_answer_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/empty.db")
    reason = await schema.examine(load_core_settings())
    assert reason is not None
    assert reason.startswith("DATABASE_URL: ")


async def test_the_wait_ends_with_the_migration_and_says_once_each_reason_for_it(
    core: CoreSettings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks = asyncio.Semaphore(0)

    async def look(_: float) -> None:
        looks.release()
        await asyncio.get_running_loop().run_in_executor(None, int)

    monkeypatch.setattr(asyncio, "sleep", look)
    with caplog.at_level(logging.WARNING, "app.commands.schema"):
        waiting = asyncio.create_task(schema.wait(core))
        for _ in range(2):
            await looks.acquire()
        await migrate(database)
        await waiting
    # A look in the middle of the migration finds less missing, which is another reason.
    reasons = [record.__dict__["fields"]["reason"] for record in caplog.records]
    assert reasons[0].startswith("not migrated to ")
    assert len(reasons) == len(set(reasons))
