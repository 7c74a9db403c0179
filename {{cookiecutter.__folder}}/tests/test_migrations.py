"""Migrations make exactly the tables that the models describe."""

import asyncio
import sqlite3
from contextlib import closing

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event

import app.domain.models  # noqa: F401 - the tables register themselves
from app.core.server_config import DatabaseSettings
from app.database import Base, Database, open_database
from app.services.migrations import migrate
from app.utils.container import Container


def find_differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection)
    return list(compare_metadata(context, Base.metadata))


async def test_models_and_migrations_agree(opened: Container) -> None:
    async with opened[Database].engine.connect() as connection:
        assert await connection.run_sync(find_differences) == []


async def test_migrating_again_changes_nothing(opened: Container) -> None:
    await migrate(opened[Database])


async def test_all_migrations_are_one_transaction() -> None:
    commits: list[Connection] = []
    settings = DatabaseSettings(url="sqlite:///empty.db")
    async with open_database(settings, connections=1) as database:
        event.listen(database.engine.sync_engine, "commit", commits.append)
        await migrate(database)
    assert len(commits) == 1, "after each but the last, another process can begin the next one too"


async def test_a_migration_takes_as_long_as_it_takes_and_others_wait() -> None:
    settings = DatabaseSettings(url="sqlite:///empty.db", lock_seconds=0.1)
    async with open_database(settings, connections=1) as database:
        with closing(sqlite3.connect("empty.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(migrate(database))
            ended, _ = await asyncio.wait({waiting}, timeout=0.5)
            assert not ended
        await waiting
