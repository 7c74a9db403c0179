# {% if cookiecutter.database == "sqlite" %}
"""A database for each test: a file."""

from pathlib import Path

import pytest


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    return f"sqlite:///{tmp_path / 'service.db'}"
# {% endif %}
# {% if cookiecutter.database in ("postgresql", "mysql") %}
"""A database for each test: a file, or one on the server of TEST_{{ cookiecutter.database | upper }}_URL."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from app.core.server_config import DatabaseSettings
from app.database import Database

SERVER = os.environ.get("TEST_{{ cookiecutter.database | upper }}_URL")


@pytest.fixture
async def database_url(tmp_path: Path) -> AsyncIterator[str]:
    """Yield the URL of an empty database."""
    if SERVER is None:
        yield f"sqlite:///{tmp_path / 'service.db'}"
        return
    name = f"test_{uuid4().hex}"
    await execute(SERVER, f"CREATE DATABASE {name}")
    yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    await execute(SERVER, f"DROP DATABASE {name}")


async def execute(url: str, statement: str) -> None:
    """Run one statement outside of any transaction."""
    database = Database(DatabaseSettings(url=url), connections=1)
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
# {% endif %}
