"""The connection to the database: UTC, no wait without an end, no more than its share."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text

from app.core.config import CoreSettings
from app.core.errors import UnavailableError
from app.database import Database
# {% if cookiecutter.database == "sqlite" %}
from app.database_errors import translate_errors
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from app.database_errors import DatabaseUnavailableError, translate_errors
# {% endif %}
from app.utils.container import Container
# {% if cookiecutter.database == "postgresql" %}

SLOW, ZONE = text("SELECT pg_sleep(5)"), text("SHOW timezone")
# {% endif %}
# {% if cookiecutter.database == "mysql" %}

SLOW, ZONE = text("SELECT SLEEP(5) FROM alembic_version"), text("SELECT @@time_zone")
# {% endif %}


@pytest.fixture
async def hasty(opened: Container, core: CoreSettings) -> AsyncIterator[Database]:
    """A database that waits for nothing, with a table."""
    limits = {"statement_seconds": 0.2, "lock_seconds": 0.2}
    database = Database(core.database.model_copy(update=limits), connections=2)
    async with opened[Database].engine.begin() as connection:
        await connection.execute(text("CREATE TABLE numbers (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO numbers VALUES (1)"))
    yield database
    await database.engine.dispose()


async def test_a_lock_that_others_hold_is_not_waited_for_without_end(hasty: Database) -> None:
    locked = text("UPDATE numbers SET id = 2")

    async def lock() -> None:
        with translate_errors():
            async with hasty.sessions.begin() as session:
                await session.execute(locked)

    async with hasty.sessions.begin() as session:
        await session.execute(locked)
        with pytest.raises(UnavailableError):
            await lock()


async def test_one_transaction_after_the_other_needs_one_connection(hasty: Database) -> None:
    opened: list[object] = []
    event.listen(hasty.engine.sync_engine, "connect", lambda *made: opened.append(made))
    for _ in range(3):
        async with hasty.begin() as session:
            await session.execute(text("SELECT 1"))
    assert len(opened) == 1


async def test_no_more_connections_are_opened_than_its_share(hasty: Database) -> None:
    async with hasty.readers.begin() as first, hasty.readers.begin() as second:
        await first.execute(text("SELECT 1"))
        await second.execute(text("SELECT 1"))
        third = asyncio.create_task(hasty.ping())
        await asyncio.sleep(0)
        assert not third.done()
    await third
# {% if cookiecutter.database != "sqlite" %}


async def test_a_server_that_is_not_there_is_unavailable_and_clients_do_not_learn_where(
    core: CoreSettings,
) -> None:
    nowhere = "{{ cookiecutter.database }}://user:secret@127.0.0.1:1/service"
    database = Database(core.database.model_copy(update={"url": nowhere}), connections=1)
    with pytest.raises(DatabaseUnavailableError) as unavailable, translate_errors():
        await database.ping()
    assert "127.0.0.1" not in str(unavailable.value)
    await database.engine.dispose()


async def test_a_statement_that_takes_too_long_is_ended(
    hasty: Database, core: CoreSettings
) -> None:
    if core.database.url.startswith("sqlite:"):
        pytest.skip("SQLite has no limit for statements: the deadline of the request is all")
    with pytest.raises(UnavailableError), translate_errors():
        async with hasty.sessions.begin() as session:
            await session.execute(SLOW)


async def test_the_servers_clock_is_read_in_utc(hasty: Database, core: CoreSettings) -> None:
    if core.database.url.startswith("sqlite:"):
        pytest.skip("SQLite has no time zone of its own")
    async with hasty.readers.begin() as session:
        assert await session.scalar(ZONE) in ("UTC", "+00:00")
# {% endif %}
