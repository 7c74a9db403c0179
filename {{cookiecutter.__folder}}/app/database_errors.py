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
from app.database_codes import (
    CONFLICT,
    CONSTRAINT,
    FULL,
    LIMIT,
    READ_ONLY,
    UNAVAILABLE,
    UNSTORABLE,
)


class DatabaseUnavailableError(UnavailableError):
    """The database cannot be reached or says that it cannot work now: an outage."""


class DatabaseTimeoutError(DatabaseUnavailableError):
    """The client's own time limit ended: only the database itself can tell whether it is down."""


class DatabaseReadOnlyError(DatabaseUnavailableError):
    """The database cannot be written to: after a failover, say, the writable one is elsewhere."""


class DatabaseFullError(DatabaseUnavailableError):
    """The database says that it is out of room."""


class DatabaseLimitError(UnavailableError):
    """This statement or transaction met a limit of the database."""

    is_outage = False


NO_ANSWER = "the database does not answer, try again later"
# {% if cookiecutter.database == "postgresql" %}
# Statements that were prepared before a migration fail after it; others fail while it changes the
# catalogs.
STALE_PLANS = ("InvalidCachedStatementError", "OutdatedSchemaCacheError")
STALE_CATALOGS = ("cache lookup failed", "tuple concurrently updated")
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
# Errors of files, which name the operating system's reason: 28 is a disk that is full.
FILES = ("1026", "1030")
NO_SPACE = ("No space left", "error 28 ", "errno: 28 ")
# {% endif %}


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
    if is_conflict(error):
        return TransactionConflictError("others changed the same rows or tables, try again")
    if code.startswith(CONSTRAINT):
        return ConflictError("it conflicts with what is stored already")
    if code.startswith(UNSTORABLE):
        return InvalidInputError("a value is too large or has characters that cannot be stored")
    # Before lost connections: some limits end the connection too.
    if code.startswith(LIMIT):
        return DatabaseLimitError("the database ended it at a limit, try again later")
    return interpret_outage(error)


def interpret_outage(error: exc.SQLAlchemyError) -> DatabaseUnavailableError | None:
    """Return which outage the error tells of, or None for any other error."""
    code = read_code(error)
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if is_full(error):
        return DatabaseFullError("the database is out of room, try again later")
    if lost and is_read_only(error):
        return DatabaseReadOnlyError("the database is read-only, try again later")
    # {% if cookiecutter.database == "mysql" %}
    if code == "2013" and "read timeout" in str(error):
        return DatabaseTimeoutError(NO_ANSWER)
    # {% endif %}
    if lost or isinstance(error, exc.TimeoutError) or code.startswith(UNAVAILABLE):
        return DatabaseUnavailableError(NO_ANSWER)
    return None


def make_storable(message: str, longest: int) -> str:
    """Return the message of an error as text that every database stores, cut to a length.

    Names of files may hold surrogates, which are no UTF-8, and not every database stores NUL.
    """
    text = message.encode("utf-8", "backslashreplace").decode()
    return text.replace("\0", "\\0")[:longest]


def read_code(error: BaseException | None) -> str:
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


def is_full(error: exc.SQLAlchemyError) -> bool:
    """Tell whether the database says that it is out of room."""
    code = read_code(error)
    # {% if cookiecutter.database == "mysql" %}
    if code in FILES and any(words in str(error) for words in NO_SPACE):
        return True
    # {% endif %}
    return code.startswith(FULL)


def is_read_only(error: BaseException | None) -> bool:
    """Tell whether the database could not write; it may have been told so by ourselves."""
    code = read_code(error)
    # {% if cookiecutter.database == "mysql" %}
    if code == "1290":
        # Other options of the server forbid statements too.
        return "read-only" in str(error) or "read_only" in str(error)
    # {% endif %}
    return code.startswith(READ_ONLY)


def is_conflict(error: exc.SQLAlchemyError) -> bool:
    """Tell whether the same work may succeed at once, in a new transaction."""
    # {% if cookiecutter.database == "postgresql" %}
    original = error.orig if isinstance(error, exc.DBAPIError) else None
    kinds = {type(original).__name__, type(getattr(original, "__cause__", None)).__name__}
    if not kinds.isdisjoint(STALE_PLANS):
        return True
    if read_code(error) == "XX000" and any(words in str(error) for words in STALE_CATALOGS):
        return True
    # {% endif %}
    return isinstance(error, StaleDataError) or read_code(error).startswith(CONFLICT)
