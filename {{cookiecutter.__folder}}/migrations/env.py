"""What Alembic runs: migrations on the connection that it was given, or on one of its own."""

import asyncio
import sys

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

import app.domain.models
# {% if cookiecutter.broker != "none" or cookiecutter.interface != "api" %}
import app.tables
# {% endif %}
from app.core.config import load_database_settings, load_line_settings
from app.core.errors import SettingsError, StartupError, UnavailableError
from app.core.logger_config import configure_logging
from app.core.uncaught import log_uncaught
from app.database import Base, open_database
from app.database_errors import translate_errors
from app.services.migrations import check_revisions, take_turn
from app.utils.logger import Logger

logger = Logger("app.migrations")


def run_migrations(connection: Connection) -> None:
    """Run the migrations that the command asks for."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # Each with its entry in alembic_version: what has run is never run again.
        transaction_per_migration=True,
        # SQLite cannot alter a table: Alembic then makes a new one and copies.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        try:
            context.run_migrations()
        except CommandError:
            check_revisions(connection)
            raise


async def connect_and_run() -> None:
    """Run the migrations on the database of DATABASE_URL; production has to say which it is."""
    async with (
        open_database(load_database_settings(), connections=1) as database,
        take_turn(database),
        database.unpooled.connect() as connection,
    ):
        await connection.run_sync(run_migrations)


given = context.config.attributes.get("connection")
if given is not None:
    run_migrations(given)
elif getattr(context.config.cmd_opts, "autogenerate", False):
    sys.exit(
        "migrations: write them with `just migration MESSAGE`, which compares the models with a "
        "database that was just migrated, not with the one of DATABASE_URL"
    )
else:
    try:
        configure_logging(load_line_settings())
    except SettingsError as error:
        sys.exit(str(error))
    log_uncaught()
    try:
        with translate_errors():
            asyncio.run(connect_and_run())
    except (CommandError, StartupError) as error:
        logger.error(str(error))
        sys.exit(1)
    except UnavailableError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        logger.error(f"migrations: {reason}; try again when the database is less busy")
        sys.exit(1)
