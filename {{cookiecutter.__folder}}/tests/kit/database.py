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
    return f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'service.db')}"
# {% endif %}
# {% if cookiecutter.database in ("postgresql", "mysql") %}
"""A database for each test: a copy of one that was migrated once.

A file, or a database on the server of TEST_{{ cookiecutter.database | upper }}_URL.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from app.core.server_config import DatabaseSettings
from app.database import Database, open_database
from app.services.migrations import migrate

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
    """Yield the URL of a database of the test's own, without rows."""
    if SERVER is None:
        yield f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'service.db')}"
        return
    name = f"test_{uuid4().hex}"
    await copy_database(migrated, name)
    yield place(name)
    await execute(f"DROP DATABASE {name}")


# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
async def copy_database(migrated: str, name: str) -> None:
    """Copy a database, as PostgreSQL does by itself."""
    await execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
async def copy_database(migrated: str, name: str) -> None:
    """Copy a database's tables, and which migrations they come from."""
    tables = [row[0] for row in await execute(f"SHOW TABLES FROM {migrated}")]
    made = [(await execute(f"SHOW CREATE TABLE {migrated}.{table}"))[0][1] for table in tables]
    await execute(
        f"CREATE DATABASE {name}",
        f"USE {name}",
        "SET foreign_key_checks = 0",
        *made,
        f"INSERT INTO alembic_version SELECT * FROM {migrated}.alembic_version",
    )
# {% endif %}
