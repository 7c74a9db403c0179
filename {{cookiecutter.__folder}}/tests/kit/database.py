# {% if cookiecutter.database == "sqlite" %}
"""A database for each test: a copy of a file that was migrated once."""

import asyncio
import shutil
from pathlib import Path

import pytest

from app.core.server_config import DatabaseSettings
from app.database import open_database
from app.services.migrations import migrate


async def make_tables(url: str) -> None:
    """Run all migrations on an empty database."""
    async with open_database(DatabaseSettings(url=url), connections=1) as database:
        await migrate(database)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one file, for all tests to copy."""
    file = tmp_path_factory.mktemp("database") / "migrated.db"
    asyncio.run(make_tables(f"sqlite:///{file}"))
    return file


@pytest.fixture
def database_url(migrated: Path, tmp_path: Path) -> str:
    """Return the URL of a database of the test's own, without rows."""
    shutil.copyfile(migrated, tmp_path / "service.db")
    return "sqlite:///service.db"
# {% endif %}
# {% if cookiecutter.database in ("postgresql", "mysql") %}
"""A database for each test, migrated once for all of them.

A copy of a file, or one on the server whose URL a variable names, emptied after each test.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect, make_url, text

from app.core.server_config import DatabaseSettings
from app.database import Base, Database, open_database
from app.services.migrations import migrate
# {% endif %}
# {% if cookiecutter.database in ("postgresql", "mysql") and cookiecutter.broker != "none" %}
from app.tables import SHARDS, OutboxShard
# {% endif %}
# {% if cookiecutter.database in ("postgresql", "mysql") %}

SERVER = os.environ.get("TEST_{{ cookiecutter.database | upper }}_URL")


async def make_tables(url: str) -> None:
    """Run all migrations on an empty database."""
    async with open_database(DatabaseSettings(url=url), connections=1) as database:
        await migrate(database)


async def execute(*statements: str) -> Sequence[Any]:
    """Run statements on the server, outside of any transaction; return the rows of the last."""
    database = Database(DatabaseSettings(url=SERVER or ""), connections=1)
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        results = [await connection.execute(text(statement)) for statement in statements]
        rows = results[-1].all() if results[-1].returns_rows else []
    await engine.dispose()
    return rows


def place(database: str) -> str:
    """Return the URL of a database on the server."""
    return make_url(SERVER or "").set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Migrate one database, a file or one on the server, for all tests to copy."""
    if SERVER is None:
        file = tmp_path_factory.mktemp("database") / "migrated.db"
        asyncio.run(make_tables(f"sqlite:///{file}"))
        yield str(file)
        return
    name = f"test_{uuid4().hex}"
    asyncio.run(execute(f"CREATE DATABASE {name}"))
    asyncio.run(make_tables(place(name)))
    yield name
    asyncio.run(execute(f"DROP DATABASE {name}"))


@pytest.fixture
async def database_url(migrated: str, tmp_path: Path) -> AsyncIterator[str]:
    """Yield the URL of a database without rows."""
    if SERVER is None:
        shutil.copyfile(migrated, tmp_path / "service.db")
        yield "sqlite:///service.db"
        return
    yield place(migrated)
    await empty_database(place(migrated))


async def empty_database(url: str) -> None:
    """Delete what a test has left behind: rows, and tables of its own."""
    database = Database(DatabaseSettings(url=url), connections=1)
    async with database.begin() as session:
        connection = await session.connection()
        names = await connection.run_sync(lambda found: inspect(found).get_table_names())
        for name in set(names) - set(Base.metadata.tables) - {"alembic_version"}:
            await connection.execute(text(f"DROP TABLE {name}"))
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(table.delete())
        # {% endif %}
        # {% if cookiecutter.database in ("postgresql", "mysql") and cookiecutter.broker != "none" %}
        session.add_all(OutboxShard(shard=number) for number in range(SHARDS))
        # {% endif %}
        # {% if cookiecutter.database in ("postgresql", "mysql") %}
    await database.engine.dispose()
# {% endif %}
