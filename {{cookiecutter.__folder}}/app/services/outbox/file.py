"""Whose turn it is where the database is a file: the process that has locked another file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def lock_file(database: str) -> Iterator[bool]:
    """Lock the file beside a database's during the block; False when another relay has it.

    SQLite's own locks, on a file with nothing in it: they work on every system, and end with the
    process that holds them.
    """
    beside = Path(database).with_suffix(".relay.db")
    with closing(sqlite3.connect(beside, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
        else:
            yield True
