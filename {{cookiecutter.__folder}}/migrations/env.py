"""What Alembic runs: migrations on the connection that it was given, or on one of its own."""

import asyncio
import sys

from alembic import context
# {% if cookiecutter.database in ("postgresql", "mysql") %}
from sqlalchemy import Connection, text
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Connection
# {% endif %}

import app.domain.models
# {% if cookiecutter.broker != "none" or cookiecutter.interface != "api" %}
import app.tables
# {% endif %}
from app.core.errors import StartupError, UnavailableError
from app.core.server_config import DatabaseSettings
from app.core.settings import read_settings
from app.database import Base, open_database
from app.database_errors import translate_errors


# {% if cookiecutter.database == "postgresql" %}
def wait_for_turn(connection: Connection) -> None:
    """Let one process migrate at a time; the others then find nothing to do."""
    if connection.dialect.name == "postgresql":
        # A migration takes as long as it takes, and so does waiting for another's; but a lock
        # that it waits for holds up everybody behind it: that wait keeps its limit.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        limit = connection.execute(text("SHOW lock_timeout")).scalar_one()
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        # Held until the end of the transaction.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('migrations'))"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{limit}'"))


# {% endif %}
# {% if cookiecutter.database == "mysql" %}
def wait_for_turn(connection: Connection) -> None:
    """Let one process migrate at a time; the others then find nothing to do."""
    if connection.dialect.name == "mysql":
        # A migration takes as long as it takes, where MariaDB has a limit; but a lock that it waits
        # for holds up everybody behind it: that wait keeps its limit.
        unlimited = "/*M!, max_statement_time = 0 */ /*!50708 , max_execution_time = 0 */"
        connection.execute(text(f"SET @migrating = 1 {unlimited}"))
        # Held until the connection closes; all databases of a server share the names of locks.
        lock = text("SELECT GET_LOCK(CONCAT('migrations.', DATABASE()), 60)")
        if connection.execute(lock).scalar() != 1:
            raise StartupError("migrations: another process is at it for a minute, try again later")


# {% endif %}
def run_migrations(connection: Connection) -> None:
    """Run the migrations that the command asks for."""
    # {% if cookiecutter.database in ("postgresql", "mysql") %}
    wait_for_turn(connection)
    # {% endif %}
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table: Alembic then makes a new one and copies.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    """Run the migrations on the database of DATABASE_URL."""
    settings = read_settings(DatabaseSettings)
    async with (
        open_database(settings, connections=1) as database,
        database.engine.begin() as connection,
    ):
        await connection.run_sync(run_migrations)


given = context.config.attributes.get("connection")
if given is not None:
    run_migrations(given)
else:
    try:
        with translate_errors():
            asyncio.run(connect_and_run())
    except StartupError as error:
        sys.exit(str(error))
    except UnavailableError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        sys.exit(f"migrations: {reason}; try again when the database is less busy")
