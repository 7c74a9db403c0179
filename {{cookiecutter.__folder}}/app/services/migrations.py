"""Bring the database's tables up to date, as `alembic upgrade heads` does."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Connection
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from sqlalchemy import Connection, text
# {% endif %}
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import StartupError
from app.database import Database
# {% if cookiecutter.database == "postgresql" %}
from app.database_errors import read_code
# {% endif %}

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"
# How long a process waits for another that migrates.
TURN_SECONDS = 3600
TOO_LONG = "migrations: another process has been migrating for an hour"
# Nobody tells when a file is free.
LOOK_SECONDS = 0.1
# {% if cookiecutter.database == "postgresql" %}
TAKE_TURN = "SELECT 1 FROM pg_advisory_lock(hashtext('migrations'))"
LOCK_TIMEOUT = "55P03"
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
# All databases of a server share the names of locks.
TAKE_TURN = "SELECT GET_LOCK(CONCAT('migrations.', DATABASE()), :seconds)"
# {% endif %}


async def migrate(database: Database) -> None:
    """Run every migration that has not run, each in a transaction of its own.

    A migration that fails leaves those before it in force. Raises StartupError, one sentence.
    """
    try:
        async with take_turn(database), database.unpooled.connect() as connection:
            await connection.run_sync(upgrade)
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise StartupError(f"migrations: {reason}; run `just migrate` to see which") from error


def check_revisions(connection: Connection) -> None:
    """Raise StartupError when a revision that this version does not know was run on the tables.

    Old code runs on new tables, but nobody can tell how to migrate them.
    """
    script = ScriptDirectory.from_config(Config(ALEMBIC_INI))
    known = {each.revision for each in script.walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        url = connection.engine.url
        # {% if cookiecutter.database == "sqlite" %}
        remake = f"delete {url.database}"
        # {% endif %}
        # {% if cookiecutter.database != "sqlite" %}
        is_file = url.get_backend_name() == "sqlite"
        remake = f"{'delete' if is_file else 'drop and create'} {url.database}"
        # {% endif %}
        raise StartupError(
            f"migrations: the database was migrated to {', '.join(sorted(unknown))}, which this "
            "version does not have: use the version that has it, or remake the database, which "
            f"loses its data ({remake}, then run `just migrate`)"
        )


def upgrade(connection: Connection) -> None:
    """Upgrade both branches, the template's and the service's, on an open connection."""
    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


@asynccontextmanager
async def take_turn(database: Database) -> AsyncIterator[None]:
    """Let one process migrate at a time: the others wait, and then find nothing to do.

    The lock is a session's, on a connection of its own, and no transaction is open around the
    migrations: some commit half-way, or run outside of any transaction, such as CREATE INDEX
    CONCURRENTLY, and some servers commit at every statement that changes a table. Raises
    StartupError when another process has been migrating for an hour.
    """
    # {% if cookiecutter.database != "sqlite" %}
    if database.engine.dialect.name != "sqlite":
        engine = database.unpooled.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            # {% endif %}
            # {% if cookiecutter.database == "postgresql" %}
            await connection.execute(text(f"SET lock_timeout = '{TURN_SECONDS}s'"))
            try:
                await connection.execute(text(TAKE_TURN))
            except SQLAlchemyError as error:
                if read_code(error) != LOCK_TIMEOUT:
                    raise
                raise StartupError(TOO_LONG) from error
            # {% endif %}
            # {% if cookiecutter.database == "mysql" %}
            if await connection.scalar(text(TAKE_TURN), {"seconds": TURN_SECONDS}) != 1:
                raise StartupError(TOO_LONG)
            # {% endif %}
            # {% if cookiecutter.database != "sqlite" %}
            yield
        return
    # {% endif %}
    ends_at = monotonic() + TURN_SECONDS
    with closing(lock_beside(database.engine.url.database)) as lock:
        while not take_lock(lock):
            if monotonic() > ends_at:
                raise StartupError(TOO_LONG)
            await asyncio.sleep(LOOK_SECONDS)
        yield


def lock_beside(file: str | None) -> sqlite3.Connection:
    """Return a connection whose exclusive transaction is the turn of a database in a file."""
    beside = Path(file).with_suffix(".migrations.db") if file else ":memory:"
    return sqlite3.connect(beside, timeout=0, isolation_level=None)


def take_lock(lock: sqlite3.Connection) -> bool:
    """Take the lock, unless another process has it; return whether it is ours."""
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
