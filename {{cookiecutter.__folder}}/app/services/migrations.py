"""Bring the database's tables up to date, as `alembic upgrade heads` does."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import StartupError
from app.database import Database

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"


async def migrate(database: Database) -> None:
    """Run every migration that has not run; raises StartupError, one sentence, when one fails."""
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
            # Closed, not kept in the pool: migrating can take a lock that only this releases.
            await connection.invalidate()
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise StartupError(f"migrations: {reason}; run `just migrate` to see which") from error


def upgrade(connection: Connection) -> None:
    """Upgrade both branches, the template's and the service's, on an open connection."""
    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
