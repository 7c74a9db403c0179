"""Errors of database drivers, put right before the service sees them."""

from sqlalchemy import ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.errors import InvalidInputError
# {% if cookiecutter.database == "postgresql" %}
from app.database_errors import NO_ANSWER, DatabaseTimeoutError, is_read_only, read_code
# {% endif %}
# {% if cookiecutter.database != "postgresql" %}
from app.database_errors import is_read_only
# {% endif %}


def listen_for_errors(engine: AsyncEngine) -> None:
    """Put the errors of the engine's driver right."""
    listeners = [leave_read_only]
    # {% if cookiecutter.database == "postgresql" %}
    if engine.dialect.name == "postgresql":
        listeners = [hide_values, end_wait, leave_pooler, leave_read_only]
    # {% endif %}
    if engine.dialect.name == "sqlite":
        listeners = [refuse_overflow, leave_read_only]
    for listener in listeners:
        event.listen(engine.sync_engine, "handle_error", listener)


# {% if cookiecutter.database == "postgresql" %}
def hide_values(context: ExceptionContext) -> None:
    """Take PostgreSQL's DETAIL out of an error: it can hold a whole row, and ends in the log."""
    original = context.original_exception
    for error in (context.sqlalchemy_exception, original, original.__cause__):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])
        if getattr(error, "detail", None):
            vars(error)["detail"] = None


def end_wait(context: ExceptionContext) -> None:
    """Raise DatabaseTimeoutError when the client's own limit ends, a plain TimeoutError here."""
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True
        # The next use of each other connection asks whether it is alive.
        context.invalidate_pool_on_disconnect = False
        raise DatabaseTimeoutError(NO_ANSWER) from None


def leave_pooler(context: ExceptionContext) -> None:
    """Leave connections whose prepared statements a pooler has left on another server."""
    if read_code(context.sqlalchemy_exception) in ("26000", "42P05"):
        context.is_disconnect = True


# {% endif %}
def leave_read_only(context: ExceptionContext) -> None:
    """Leave a server that cannot write any more: a new connection may lead to one that can.

    A transaction that we made read-only ourselves, and that writes, is a mistake in the code.
    """
    if context.connection is None or context.connection.get_execution_options().get("read_only"):
        return
    if is_read_only(context.sqlalchemy_exception):
        context.is_disconnect = True


def refuse_overflow(context: ExceptionContext) -> None:
    """Raise InvalidInputError for a whole number beyond 64 bits, a plain OverflowError here."""
    if isinstance(context.original_exception, OverflowError):
        raise InvalidInputError("a number is too large to be stored") from None
