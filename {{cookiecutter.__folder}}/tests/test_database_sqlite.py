"""SQLite: a file that others use too, and a use that is cancelled."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from app.core.server_config import DatabaseSettings
from app.database import Database


async def test_a_new_file_that_another_process_makes_ready_is_waited_for() -> None:
    database = Database(DatabaseSettings(url="sqlite:///new.db"), connections=1)
    with closing(sqlite3.connect("new.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        connecting = asyncio.create_task(database.ping())
        ended, _ = await asyncio.wait({connecting}, timeout=0.2)
        assert not ended
    await connecting
    await database.engine.dispose()


def test_a_connection_that_nobody_waits_for_any_more_is_closed_while_there_is_a_loop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opening, given_up = Queue[threading.Thread](), threading.Event()
    failed: list[threading.ExceptHookArgs] = []

    class SlowConnection(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            opening.put(threading.current_thread())
            assert given_up.wait(timeout=10)
            super().__init__(*arguments, **options)

    async def give_up() -> None:
        url = f"sqlite:///{tmp_path / 'slow.db'}"
        database = Database(DatabaseSettings(url=url), connections=1)
        asking = asyncio.create_task(database.ping())
        thread = await asyncio.to_thread(opening.get, timeout=10)
        asking.cancel()
        asyncio.get_running_loop().call_later(0.01, given_up.set)
        with pytest.raises(asyncio.CancelledError):
            await asking
        await database.engine.dispose()
        opening.put(thread)

    monkeypatch.setattr(threading, "excepthook", failed.append)
    monkeypatch.setattr(sqlite3, "connect", SlowConnection)
    asyncio.run(give_up())
    given_up.set()
    opening.get().join(timeout=10)
    assert failed == []
