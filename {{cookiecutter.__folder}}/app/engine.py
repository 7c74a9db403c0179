"""How the service reaches its database: the driver, time limits, UTC and read-only transactions."""

from functools import partial
from typing import Any

# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Dialect, event, make_url
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import URL, Dialect, event, make_url
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy import URL, Connection, Dialect, event, make_url
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy.exc import InvalidatePoolError
# {% endif %}
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_

# {% if cookiecutter.database == "postgresql" %}
from app.core.database_url import list_hosts, make_arguments, read_database_url, read_name
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from app.core.database_tls import find_refusal
from app.core.database_url import make_arguments, read_database_url, read_name
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from app.core.postgresql_hosts import connect_in_turn
# {% endif %}
from app.core.server_config import DatabaseSettings
from app.core.statement_spans import trace_statements
# {% if cookiecutter.database == "mysql" %}
from app.core.tls import find_tls_error
# {% endif %}
from app.database_drivers import listen_for_errors
from app.database_errors import NO_ANSWER, DatabaseUnavailableError
# {% if cookiecutter.database == "mysql" and cookiecutter.interface != "worker" %}
from app.database_locks import release_locks
# {% endif %}
from app.database_sqlite import begin_sqlite, connect_sqlite, prepare_sqlite

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
# The server ends a statement at its limit and says so; this much later it is taken for silent.
ANSWER_SECONDS = 5
# {% endif %}
READ_ONLY = {
    "read_only": True,
    # {% if cookiecutter.database == "postgresql" %}
    "postgresql_readonly": True,
    # {% endif %}
}
"""The execution options of transactions that the database itself keeps from writing."""
# {% if cookiecutter.database == "mysql" %}
# There is no connection, or it was lost; the server has said nothing.
NOT_CONNECTED = (2003, 2013)
READ_COMMITTED = {"read_committed": True}
"""The execution options of transactions that see at every statement what others have committed."""
# {% endif %}


def create_engine(settings: DatabaseSettings, *, connections: int) -> AsyncEngine:
    """Return an engine that holds so many connections at most; the first use connects.

    With 0 it keeps none: each use has a new connection.
    """
    # {% if cookiecutter.database == "sqlite" %}
    url = make_url(settings.url)
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    url = read_url(settings.url)
    # {% endif %}
    backend = url.get_backend_name()
    pooling: dict[str, Any] = {"poolclass": NullPool}
    if connections:
        pooling = {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": settings.pool_seconds,
            # {% if cookiecutter.database == "mysql" %}
            "pool_pre_ping": backend == "mysql",
            # {% endif %}
        }
    engine = create_async_engine(
        url.set(drivername=DRIVERS[backend]),
        **pooling,
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
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    if backend == "mysql":
        event.listen(engine.sync_engine, "begin", begin_mysql)
        # {% endif %}
        # {% if cookiecutter.database == "mysql" and cookiecutter.interface != "worker" %}
        event.listen(engine.sync_engine, "reset", release_locks)
    # {% endif %}
    if backend == "sqlite":
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
        event.listen(engine.sync_engine, "begin", begin_sqlite)
    listen_for_errors(engine)
    return engine


# {% if cookiecutter.database != "sqlite" %}
def read_url(url: str) -> URL:
    """Return where the database is, without parameters; of several servers the first."""
    if url.startswith("sqlite:"):
        return make_url(url)
    parts = read_database_url(url)
    options = parts.options
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    host, port = list_hosts(parts)[0]
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    host, port = parts.hosts[0]
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    return URL.create(
        parts.scheme,
        username=parts.user or options.get("user"),
        password=parts.password or options.get("password"),
        host=host,
        port=port,
        database=read_name(parts),
    )


def choose_arguments(url: URL, settings: DatabaseSettings) -> dict[str, Any]:
    """Return the driver's arguments: UTC, and no wait without an end."""
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    if url.get_backend_name() == "postgresql":
        own = make_arguments(read_database_url(settings.url))
        limits = {
            **own.pop("server_settings"),
            "timezone": "UTC",
            "statement_timeout": f"{settings.statement_seconds * 1000:.0f}",
            "lock_timeout": f"{settings.lock_seconds * 1000:.0f}",
            # One that its process forgot must not hold its locks for ever.
            "idle_in_transaction_session_timeout": f"{settings.idle_seconds * 1000:.0f}",
        }
        return {
            "timeout": CONNECT_SECONDS,
            "command_timeout": settings.statement_seconds + ANSWER_SECONDS,
            "server_settings": limits,
            "async_creator_fn": connect_in_turn,
            **own,
        }
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
        own = make_arguments(read_database_url(settings.url))
        return {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": settings.statement_seconds + ANSWER_SECONDS,
            "init_command": limits,
            **own,
        }
    # {% endif %}
    # {% if cookiecutter.database != "sqlite" %}
    return {"timeout": settings.lock_seconds}


# {% endif %}
def connect(
    dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]
) -> object:
    """Connect; raises DatabaseUnavailableError where a driver raises what is no database error."""
    try:
        if dialect.name == "sqlite":
            return await_(connect_sqlite(partial(dialect.connect, *arguments, **options)))
        # {% if cookiecutter.database == "mysql" %}
        return connect_as_preferred(dialect, arguments, options)
        # {% endif %}
        # {% if cookiecutter.database != "mysql" %}
        return dialect.connect(*arguments, **options)
        # {% endif %}
    except OSError as error:
        # Clients read it: where the database is stays behind it.
        raise DatabaseUnavailableError(NO_ANSWER) from error
# {% if cookiecutter.database == "mysql" %}


def read_number(error: Exception) -> object:
    """Return the number that the driver gave an error, if it has one."""
    return error.args[0] if error.args else None


def connect_as_preferred(dialect: Dialect, arguments: list[Any], options: dict[str, Any]) -> object:
    """Connect; with `ssl_mode=PREFERRED` in the clear to a server that speaks no TLS."""
    options = {**options}
    preferred, shows = options.pop("ssl_preferred", False), options.pop("ssl_shows", False)
    try:
        return dialect.connect(*arguments, **options)
    except Exception as error:
        if shows and read_number(error) in NOT_CONNECTED:
            place = options["host"], options["port"]
            if refusal := await_(find_refusal(*place, options["ssl"])):
                raise refusal from error
        if not preferred or find_tls_error(error) is None:
            raise
    del options["ssl"]
    return dialect.connect(*arguments, **options)
# {% endif %}
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
