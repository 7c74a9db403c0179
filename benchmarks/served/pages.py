"""Time the pages of a short and a long list, in a rendered service, and print JSON."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index, String, insert, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.server_config import DatabaseSettings
from app.database import Base, Database
from app.pagination import Order, encode_cursor, read_page
from benchmarks.errors import BenchmarkError
from benchmarks.rounds import Measure, measure_in_turns, report

LIMIT = 50
OFFSET = 1_000 - LIMIT
READS = 5
BATCH = 10_000
START = datetime(2026, 1, 1, tzinfo=UTC)


class Columns:
    """What the starter's items have."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]


class Few(Columns, Base):
    """The short list."""

    __tablename__ = "few"
    __table_args__ = (Index(None, "created_at", "id"),)


class Many(Columns, Base):
    """The long list."""

    __tablename__ = "many"
    __table_args__ = (Index(None, "created_at", "id"),)


@dataclass(frozen=True)
class Reader:
    """What reads the pages of one list, newest first."""

    runner: asyncio.Runner
    session: AsyncSession
    order: Order

    def prepare(self, page: dict[str, Any]) -> Measure:
        """Return a function that measures the seconds that a page takes."""
        return lambda: self.runner.run(self._time(page))

    async def find_cursor(self, place: int) -> str | None:
        """Return the cursor of the page after so many rows."""
        ordered = (each.desc() for each in self.order.columns)
        row = select(*self.order.columns).order_by(*ordered).offset(place - 1).limit(1)
        return encode_cursor(self.order, (await self.session.execute(row)).one())

    async def choose_pages(self, count: int) -> dict[str, dict[str, Any]]:
        """Return what to ask for, for each page that is measured."""
        places = {
            "among rows of one moment, by cursor": count // 4,
            "among rows of different moments, by cursor": count * 3 // 4,
            "last page, by cursor": count - LIMIT,
        }
        cursors = {name: {"cursor": await self.find_cursor(n)} for name, n in places.items()}
        return {"first page": {}, f"after {OFFSET} rows, by offset": {"offset": OFFSET}, **cursors}

    async def _time(self, page: dict[str, Any]) -> float:
        rows = select(self.order.column.class_)
        started = time.perf_counter()
        for _ in range(READS):
            found = await read_page(self.session, rows, self.order, limit=LIMIT, **page)
            if len(found.items) != LIMIT:
                raise BenchmarkError(f"{len(found.items)} rows on a page of {LIMIT}")
            self.session.expunge_all()
        return (time.perf_counter() - started) / READS


def make_row(number: int, count: int) -> dict[str, Any]:
    """Return a row; the second half was imported at one moment, and only its ids differ."""
    moment = START + timedelta(microseconds=min(number, count // 2) * 1_000_003)
    return {"id": uuid4(), "name": f"item {number}", "created_at": moment}


async def fill(database: Database, kind: type[Base], count: int) -> None:
    """Fill a table with so many rows."""
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        async with database.sessions.begin() as session:
            await session.execute(insert(kind), [make_row(number, count) for number in numbers])
    # Servers do it by themselves, a little later.
    word = "TABLE " if database.engine.dialect.name == "mysql" else ""
    async with database.sessions.begin() as session:
        await session.execute(text(f"ANALYZE {word}{kind.__tablename__}"))


@asynccontextmanager
async def open_own_database(server: str) -> AsyncIterator[Database]:
    """Make a database on the server, and drop it afterwards; SQLite's is the file itself."""
    url, name = make_url(server), f"benchmark_{uuid4().hex}"
    on_server = url.get_backend_name() != "sqlite"
    if on_server:
        await execute(server, f"CREATE DATABASE {name}")
        url = url.set(database=name)
    settings = DatabaseSettings(url=url.render_as_string(hide_password=False))
    database = Database(settings, connections=2)
    try:
        yield database
    finally:
        await database.engine.dispose()
        if on_server:
            await execute(server, f"DROP DATABASE {name}")


async def execute(server: str, statement: str) -> None:
    """Run a statement outside of any transaction."""
    database = Database(DatabaseSettings(url=server), connections=1)
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await database.engine.dispose()


async def open_lists(
    runner: asyncio.Runner, stack: AsyncExitStack, server: str, sizes: Sequence[int]
) -> dict[str, Measure]:
    """Fill both lists, and return what measures each page of each."""
    database = await stack.enter_async_context(open_own_database(server))
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    measures: dict[str, Measure] = {}
    for kind, count in zip((Few, Many), sizes, strict=True):
        await fill(database, kind, count)
        session = await stack.enter_async_context(database.readers())
        reader = Reader(
            runner, session, Order(column=kind.created_at, unique=kind.id, descending=True)
        )
        for name, page in (await reader.choose_pages(count)).items():
            measures[f"{kind.__tablename__}: {name}"] = reader.prepare(page)
    return measures


def main(server: str, title: str, rounds: str, *sizes: str) -> None:
    """Print the seconds that each page took in each round."""
    report(f"{title}: filling lists of {' and '.join(f'{int(size):,}' for size in sizes)} rows")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            measures = runner.run(open_lists(runner, stack, server, [*map(int, sizes)]))
            figures = measure_in_turns(title, measures, int(rounds))
        finally:
            runner.run(stack.aclose())
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
