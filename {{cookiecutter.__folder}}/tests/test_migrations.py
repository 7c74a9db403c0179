"""Migrations make exactly the tables that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import app.domain.models  # noqa: F401 - the tables register themselves
from app.database import Base, Database
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
