"""Bring the database's tables up to date, as `alembic upgrade heads` does."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import StartupError
from app.database import Database

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"
HOUR_MILLISECONDS = 3_600_000


async def migrate(database: Database) -> None:
    """Run every migration that has not run; raises StartupError, one sentence, when one fails."""
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(wait_for_turn)
            # One transaction: between two, another process would begin the same migration.
            async with connection.begin():
                await connection.run_sync(upgrade)
            # Closed, not kept in the pool: its lock, or its patience with one, ends with it alone.
            await connection.invalidate()
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise StartupError(f"migrations: {reason}; run `just migrate` to see which") from error


def wait_for_turn(connection: Connection) -> None:
    """Let SQLite wait an hour for another process that migrates, not DATABASE_LOCK_SECONDS."""
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {HOUR_MILLISECONDS}")
        cursor.close()


def upgrade(connection: Connection) -> None:
    """Upgrade both branches, the template's and the service's, on an open connection."""
    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
