"""Questions to the database server: whether it can write, and which limits it has."""

# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import Connection


def check_writable(connection: Connection) -> None:
    """Raise SQLAlchemyError when the file cannot be written to."""
    # The transaction that begins before it takes the write lock.
    connection.exec_driver_sql("SELECT 1")
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
from dataclasses import dataclass

from sqlalchemy import Connection

from app.database_errors import DatabaseReadOnlyError

READ_ONLY = "SELECT current_setting('transaction_read_only')"
# Only what is in force: 0 is no limit, and the second came with PostgreSQL 17.
TIME_LIMITS = """SELECT name, CAST(setting AS bigint) / 1000.0 FROM pg_settings
    WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
    AND setting <> '0'"""
REMEDIES = {"idle_in_transaction_session_timeout": "DATABASE_IDLE_SECONDS"}


def check_writable(connection: Connection) -> None:
    """Raise DatabaseReadOnlyError when it cannot be written to, SQLAlchemyError without answer."""
    if connection.dialect.name != "postgresql":
        # SQLite: the transaction that begins before it takes the write lock.
        connection.exec_driver_sql("SELECT 1")
    elif connection.exec_driver_sql(READ_ONLY).scalar() == "on":
        raise DatabaseReadOnlyError("the database is read-only")


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
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.database_errors import DatabaseUnavailableError, interpret

# It changes no row. A server that is read-only refuses it before it looks for the table, and only
# it knows which users may write all the same.
CHANGE_NOTHING = "UPDATE alembic_version SET version_num = version_num WHERE 0 = 1"
# Only what is in force: 0 is no limit. MySQL has the first alone.
TIME_LIMITS = """SHOW VARIABLES WHERE Variable_name IN
    ('wait_timeout', 'idle_transaction_timeout', 'idle_write_transaction_timeout')
    AND Value <> '0'"""
REMEDIES: dict[str, str] = {}


def check_writable(connection: Connection) -> None:
    """Raise SQLAlchemyError when the database does not answer or cannot be written to."""
    # SQLite: the transaction that begins before it takes the write lock.
    connection.exec_driver_sql("SELECT 1")
    if connection.dialect.name != "mysql":
        return
    try:
        connection.exec_driver_sql(CHANGE_NOTHING)
    except SQLAlchemyError as error:
        # Before the first migration there is no such table.
        if isinstance(interpret(error), DatabaseUnavailableError):
            raise


def read_limit(connection: Connection) -> int | None:
    """Return how many connections the server allows; None where that is no question."""
    if connection.dialect.name != "mysql":
        return None
    return connection.exec_driver_sql("SELECT @@max_connections").scalar()
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}


@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """After how long the server ends a transaction in which nothing happens."""

    name: str
    seconds: float

    @property
    def remedy(self) -> str:
        """What raises the limit."""
        return REMEDIES.get(self.name, f"{self.name} of the server")


def read_time_limit(connection: Connection) -> TimeLimit | None:
    """Return the shortest limit of an open transaction that is in force, if there is one."""
    if connection.dialect.name == "sqlite":
        return None
    rows = connection.exec_driver_sql(TIME_LIMITS).all()
    limits = [TimeLimit(name=name, seconds=float(seconds)) for name, seconds in rows]
    return min(limits, key=lambda limit: limit.seconds, default=None)
# {% endif %}
