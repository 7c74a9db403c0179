"""The spans of statements: what was asked of which table, without the values."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.tracing import start_trace
from app.database import Database
from app.utils.container import Container
from tests.kit.spans import RecordedSpans

ASK = text("SELECT version_num FROM alembic_version WHERE version_num <> :secret")


async def ask(opened: Container) -> None:
    async with opened[Database].begin() as session:
        await session.execute(ASK, {"secret": "hunter2"})


async def test_a_statement_is_a_span_without_its_values(
    spans: RecordedSpans, opened: Container
) -> None:
    with start_trace("work"):
        await ask(opened)
    name = "SELECT alembic_version"
    told = spans.read(name)
    assert spans.name_parent(name) == "work"
    assert spans.get(name).kind.name == "CLIENT"
    assert told["db.system.name"] == opened[Database].engine.dialect.name
    assert told["db.namespace"] == opened[Database].engine.url.database
    assert told["db.operation.name"] == "SELECT"
    assert str(told["db.query.text"]).startswith("SELECT version_num FROM alembic_version")
    assert "hunter2" not in spans.get(name).to_json()


async def test_a_statement_that_nothing_caused_is_not_recorded(
    spans: RecordedSpans, opened: Container
) -> None:
    await ask(opened)
    await opened[Database].ping()
    assert spans.list() == ()


async def test_a_statement_that_is_refused_failed(spans: RecordedSpans, opened: Container) -> None:
    with start_trace("work"), pytest.raises(SQLAlchemyError):
        async with opened[Database].begin() as session:
            await session.execute(text("SELECT * FROM nowhere"))
    assert not spans.get("SELECT nowhere").status.is_ok
    assert "error.type" in spans.read("SELECT nowhere")


async def test_without_spans_the_engine_is_left_alone(opened: Container) -> None:
    assert not opened[Database].engine.sync_engine.dispatch.after_cursor_execute
