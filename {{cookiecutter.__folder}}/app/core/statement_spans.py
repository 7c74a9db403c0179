"""A span for each statement of a request, a message or a job."""

import re
from typing import Any

from sqlalchemy import Engine, ExceptionContext, event

from app.core.tracing import get_spans, start_call

# What a statement is about: the first table that it names.
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+[\"`]?([\w.]+)", re.IGNORECASE)
LONGEST = 2000


def trace_statements(engine: Engine) -> None:
    """Record a span for each statement, from when it is sent until the server answers."""
    if get_spans() is None:
        return
    place = describe_place(engine)

    def begin(_: Any, __: Any, statement: str, ___: Any, context: Any, ____: bool) -> None:
        operation = statement.split(None, 1)[0].upper()
        table = TABLE.search(statement)
        name = f"{operation} {table[1]}" if table else operation
        # Values are parameters, which are not told.
        text = {"db.operation.name": operation, "db.query.text": statement[:LONGEST]}
        context.traced = start_call(name, {**place, **text, "db.query.summary": name})

    def end(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: bool) -> None:
        if context.traced:
            context.traced.end()

    def fail(failure: ExceptionContext) -> None:
        if call := getattr(failure.execution_context, "traced", None):
            call.end(failure.original_exception)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def describe_place(engine: Engine) -> dict[str, str | int]:
    """Return what the spans of all statements tell: the kind of server, and where it is."""
    place = {
        "db.system.name": engine.dialect.name,
        "db.namespace": engine.url.database,
        "server.address": engine.url.host,
        "server.port": engine.url.port,
    }
    return {name: value for name, value in place.items() if value}
