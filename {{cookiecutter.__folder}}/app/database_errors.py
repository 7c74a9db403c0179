"""What a database's errors mean: try again, it conflicts, it cannot be stored, it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from app.core.errors import (
    ConflictError,
    InvalidInputError,
    TransactionConflictError,
    UnavailableError,
)
from app.core.metrics import DATABASE_POOL_TIMEOUTS


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer, or not in time."""


# {% if cookiecutter.database == "postgresql" %}
# PostgreSQL's SQLSTATEs, or the two characters of a whole class, and SQLite's names.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
# The error numbers of MySQL and MariaDB, and SQLite's names.
# https://mariadb.com/docs/server/reference/error-codes
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
# SQLite's names of result codes: https://www.sqlite.org/rescode.html
# {% endif %}
SERIALIZATION = (
    # {% if cookiecutter.database == "postgresql" %}
    "40001",
    "40P01",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1020",
    "1213",
    # {% endif %}
    "SQLITE_BUSY_RECOVERY",
    "SQLITE_BUSY_SNAPSHOT",
)
CONSTRAINT = (
    # {% if cookiecutter.database == "postgresql" %}
    "23503",
    "23505",
    "23P01",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1062",
    "1451",
    "1452",
    # {% endif %}
    "SQLITE_CONSTRAINT_FOREIGNKEY",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_UNIQUE",
)
UNSTORABLE = (
    # {% if cookiecutter.database == "postgresql" %}
    "22000",
    "22001",
    "22003",
    "22021",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1264",
    "1366",
    "1406",
    # {% endif %}
    "SQLITE_MISMATCH",
    "SQLITE_TOOBIG",
)
UNAVAILABLE = (
    # {% if cookiecutter.database == "postgresql" %}
    "08",
    "25P03",
    "28",
    "3D",
    "53",
    "55P03",
    "57",
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    "1040",
    "1044",
    "1045",
    "1053",
    "1203",
    "1205",
    "1226",
    "1927",
    "1969",
    "20",
    "3024",
    "4031",
    # {% endif %}
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise what a database error means to the service; one that is a mistake of ours stays."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        if isinstance(error, exc.TimeoutError):
            DATABASE_POOL_TIMEOUTS.inc()
        if meaning := interpret(error):
            raise meaning from error
        raise


def interpret(error: exc.SQLAlchemyError) -> Exception | None:
    """Return what the error means to the service, or None when it is a mistake in its code."""
    code = read_code(error)
    if isinstance(error, StaleDataError) or code.startswith(SERIALIZATION):
        return TransactionConflictError("others changed the same rows, try again")
    if code.startswith(CONSTRAINT):
        return ConflictError("it conflicts with what is stored already")
    if code.startswith(UNSTORABLE):
        return InvalidInputError("a value is too large or has characters that cannot be stored")
    cut = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if cut or isinstance(error, exc.TimeoutError) or code.startswith(UNAVAILABLE):
        return DatabaseUnavailableError("the database does not answer, try again later")
    return None


def read_code(error: exc.SQLAlchemyError) -> str:
    """Return the code that the database gave the error, or nothing."""
    original = error.orig if isinstance(error, exc.DBAPIError) else None
    if original is None:
        return ""
    # {% if cookiecutter.database == "postgresql" %}
    if code := getattr(original, "sqlstate", None):
        return str(code)
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    if original.args and isinstance(original.args[0], int):
        return str(original.args[0])
    # {% endif %}
    return str(getattr(original, "sqlite_errorname", ""))
