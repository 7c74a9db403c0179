"""SQLite as the service uses it: opened, made ready, and written to."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.util import greenlet_spawn

# Far longer than another process takes for the switch.
SWITCH_SECONDS = 5.0
SWITCH_PAUSE_SECONDS = 0.01


async def connect_sqlite(make: Callable[[], Any]) -> object:
    """Connect; what nobody waits for any more is closed as soon as it is open.

    A file is opened in a thread, which would tell an event loop that may have ended by then.
    """
    opening = asyncio.ensure_future(greenlet_spawn(make))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(sqlite3.Error):
            connection = await opening
            await greenlet_spawn(connection.close)
        raise


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
