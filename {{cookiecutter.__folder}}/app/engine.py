"""How the service reaches its database: the driver, time limits, UTC and read-only transactions."""

import asyncio
import sqlite3
import time
from typing import Any

# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Connection, Dialect, ExceptionContext, event, make_url
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from sqlalchemy import URL, Connection, Dialect, ExceptionContext, event, make_url
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy.exc import InvalidatePoolError
# {% endif %}
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.errors import InvalidInputError
from app.core.server_config import DatabaseSettings
from app.core.statement_spans import trace_statements
from app.database_errors import DatabaseUnavailableError

DRIVERS = {
    # {% if cookiecutter.database == "postgresql" %}
    "postgresql": "postgresql+asyncpg",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "mysql": "mysql+asyncmy",
    # {% endif %}
    "sqlite": "sqlite+aiosqlite",
}
# {% if cookiecutter.database in ("postgresql", "mysql") %}
CONNECT_SECONDS = 5
# {% endif %}
# Far longer than another process takes for the switch.
SWITCH_SECONDS = 5.0
SWITCH_PAUSE_SECONDS = 0.01
READ_ONLY = {
    "read_only": True,
    # {% if cookiecutter.database == "postgresql" %}
    "postgresql_readonly": True,
    # {% endif %}
}
"""The execution options of transactions that the database itself keeps from writing."""
# {% if cookiecutter.database == "mysql" %}
READ_COMMITTED = {"read_committed": True}
"""The execution options of transactions that see at every statement what others have committed."""
# {% endif %}


def create_engine(settings: DatabaseSettings, *, connections: int) -> AsyncEngine:
    """Return an engine that holds so many connections at most; the first use connects."""
    url = make_url(settings.url)
    backend = url.get_backend_name()
    engine = create_async_engine(
        url.set(drivername=DRIVERS[backend]),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=settings.pool_seconds,
        # {% if cookiecutter.database == "mysql" %}
        pool_pre_ping=backend == "mysql",
        # {% endif %}
        # What clients sent does not belong into logs.
        hide_parameters=True,
        # {% if cookiecutter.database == "sqlite" %}
        connect_args={"timeout": settings.lock_seconds},
        # {% endif %}
        # {% if cookiecutter.database != "sqlite" %}
        connect_args=choose_arguments(url, settings),
        # {% endif %}
    )
    trace_statements(engine.sync_engine)
    event.listen(engine.sync_engine, "do_connect", connect)
    # {% if cookiecutter.database == "postgresql" %}
    if backend == "postgresql":
        event.listen(engine.sync_engine, "checkout", ping_postgresql)
        event.listen(engine.sync_engine, "handle_error", hide_values)
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    if backend == "mysql":
        event.listen(engine.sync_engine, "begin", begin_mysql)
    # {% endif %}
    if backend == "sqlite":
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
        event.listen(engine.sync_engine, "begin", begin_sqlite)
        event.listen(engine.sync_engine, "handle_error", refuse_overflow)
    return engine


# {% if cookiecutter.database != "sqlite" %}
def choose_arguments(url: URL, settings: DatabaseSettings) -> dict[str, Any]:
    """Return the driver's arguments: UTC, and no wait without an end."""
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    if url.get_backend_name() == "postgresql":
        limits = {
            "timezone": "UTC",
            "statement_timeout": f"{settings.statement_seconds * 1000:.0f}",
            "lock_timeout": f"{settings.lock_seconds * 1000:.0f}",
            # One that its process forgot must not hold its locks for ever.
            "idle_in_transaction_session_timeout": f"{settings.statement_seconds * 2000:.0f}",
        }
        return {"timeout": CONNECT_SECONDS, "server_settings": limits}
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    if url.get_backend_name() == "mysql":
        locks = max(1, round(settings.lock_seconds))
        limits = (
            f"SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = {locks},"
            f" lock_wait_timeout = {locks}"
            # Each of the two servers reads the other's as a comment; MySQL limits reads only.
            f" /*M!, max_statement_time = {settings.statement_seconds} */"
            f" /*!50708 , max_execution_time = {settings.statement_seconds * 1000:.0f} */"
        )
        return {"connect_timeout": CONNECT_SECONDS, "init_command": limits}
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    return {"timeout": settings.lock_seconds}


# {% endif %}
def connect(
    dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]
) -> object:
    """Connect; raises DatabaseUnavailableError where a driver raises what is no database error."""
    try:
        return dialect.connect(*arguments, **options)
    except OSError as error:
        raise DatabaseUnavailableError(str(error)) from error


# {% if cookiecutter.database == "postgresql" %}
def ping_postgresql(connection: Any, record: Any, _proxy: object) -> None:
    """Replace a connection that has died in the pool, before it is used again.

    SQLAlchemy's own `pool_pre_ping` asks inside a transaction: three round trips, and on a server
    that does not answer its rollback cannot be cancelled.
    """
    if not record.info.setdefault("used", False):
        record.info["used"] = True
        return
    try:
        connection.run_async(lambda driver: driver.execute("SELECT 1", timeout=CONNECT_SECONDS))
    except Exception as error:
        raise InvalidatePoolError from error


# {% endif %}
# {% if cookiecutter.database == "mysql" %}
def begin_mysql(connection: Connection) -> None:
    """Begin a transaction of the kind that it is marked as."""
    options = connection.get_execution_options()
    if options.get("read_committed"):
        # For the next transaction alone.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    if options.get("read_only"):
        connection.exec_driver_sql("START TRANSACTION READ ONLY")


# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
def hide_values(context: ExceptionContext) -> None:
    """Take PostgreSQL's DETAIL out of an error: it can hold a whole row, and ends in the log."""
    original = context.original_exception
    for error in (context.sqlalchemy_exception, original, original.__cause__):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])
        if getattr(error, "detail", None):
            vars(error)["detail"] = None


# {% endif %}
def prepare_sqlite(connection: Any, _record: object) -> None:
    """Make a new SQLite connection enforce foreign keys and leave BEGIN to us."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    connection.run_async(write_ahead)


async def write_ahead(driver: Any) -> None:
    """Let readers and a writer work side by side, which the file remembers.

    SQLite gives up at once when another process is at the same first switch: try again.
    """
    ends_at = time.monotonic() + SWITCH_SECONDS
    while True:
        try:
            async with driver.execute("PRAGMA journal_mode = WAL"):
                return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                raise
        await asyncio.sleep(SWITCH_PAUSE_SECONDS)


def begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: one that is taken half-way can fail for good."""
    read_only = bool(connection.get_execution_options().get("read_only"))
    if connection.info.get("read_only", False) is not read_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {read_only:d}")
        connection.info["read_only"] = read_only
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def refuse_overflow(context: ExceptionContext) -> None:
    """Raise InvalidInputError for a whole number beyond 64 bits, a plain OverflowError here."""
    if isinstance(context.original_exception, OverflowError):
        raise InvalidInputError("a number is too large to be stored") from None
# {% if cookiecutter.database == "postgresql" %}


def read_limit(connection: Connection) -> int | None:
    """Return how many connections the server allows; None where that is no question."""
    if connection.dialect.name != "postgresql":
        return None
    settings = ("max_connections", "superuser_reserved_connections")
    allowed, reserved = (
        int(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in settings
    )
    return allowed - reserved
# {% endif %}
# {% if cookiecutter.database == "mysql" %}


def read_limit(connection: Connection) -> int | None:
    """Return how many connections the server allows; None where that is no question."""
    if connection.dialect.name != "mysql":
        return None
    return connection.exec_driver_sql("SELECT @@max_connections").scalar()
# {% endif %}
