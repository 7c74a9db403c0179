"""Servers of a test's own, to be killed, and what happens on them behind the service's back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Process, running, wait_for
from tests.programs import check, miss
from tools.servers import KINDS, Server, ServerError, attach, ensure, stop

QUERY = """
import asyncio, json, sys
from tests.kit.database import execute
rows = asyncio.run(execute(*sys.argv[1:]))
print(json.dumps([list(row) for row in rows], default=str))
"""
# The arguments: a statement that locks something, and what counts those who wait for it.
HOLD = """
import asyncio, sys
from sqlalchemy import text
from app.core.server_config import DatabaseSettings
from app.core.settings import read_settings
from app.database import open_database

async def hold(lock, question, wanted):
    settings = read_settings(DatabaseSettings)
    async with open_database(settings, connections=2) as database:
        async with database.sessions() as holder, database.engine.connect() as observer:
            await holder.execute(text(lock))
            print("locked", flush=True)
            while (await observer.scalar(text(question)) or 0) < int(wanted):
                await asyncio.sleep(0.05)
                await observer.rollback()
            print("awaited", flush=True)
            await asyncio.Event().wait()

asyncio.run(hold(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Dialect:
    """How one kind of database says what these tests need."""

    database: str
    """The answer to the template's question."""
    server: str
    lock_outbox: str
    count_waiting: str


DIALECTS = (
    Dialect(
        "postgresql",
        "postgresql",
        "LOCK TABLE outbox IN EXCLUSIVE MODE",
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO outbox%'",
    ),
    Dialect(
        "mysql",
        "mariadb",
        "LOCK TABLES outbox WRITE",
        "SELECT count(*) FROM information_schema.processlist"
        " WHERE state LIKE 'Waiting for table%' AND info LIKE 'INSERT INTO outbox%'",
    ),
)


@contextmanager
def private_server(name: str, home: Path, version: str = "") -> Iterator[Server]:
    """Start a server that nobody else uses, and stop it at the end of the block."""
    versions = {name: version} if version else None
    with pytest.MonkeyPatch.context() as patch:
        for kind in KINDS.values():
            patch.delenv(kind.variable, raising=False)
        try:
            ensure([name], versions=versions, home=home)
        except ServerError as error:
            if versions is None:
                raise
            # Other versions than its own are not for every machine.
            miss(str(error))
    try:
        yield attach(name, home=home)
    finally:
        stop(home=home)


def query(service: Path, dialect: Dialect, url: str, *statements: str) -> list[list[Any]]:
    """Run statements on the service's database, and return the rows of the last."""
    variable = f"TEST_{dialect.database.upper()}_URL"
    python = service / ".venv/bin/python"
    found = check(python, "-c", QUERY, *statements, cwd=service, **{variable: url})
    rows: list[list[Any]] = json.loads(found)
    return rows


@contextmanager
def holding(
    service: Path, url: str, lock: str, question: str, *, wanted: int, log: Path
) -> Iterator[Process]:
    """Hold a lock during the block; "awaited" is said once so many wait for it."""
    arguments = ("-c", HOLD, lock, question, str(wanted))
    with running(service, *arguments, log=log, DATABASE_URL=url) as holder:
        wait_for(lambda: "locked" in holder.output, f"the lock {holder.output}")
        yield holder
