"""Locks that are not waited for, seen by other processes of the same database server."""

from collections.abc import AsyncIterator

import pytest

from app import database_locks
from app.core.config import CoreSettings
from app.database import Database, open_database
from app.database_locks import try_lock
from app.utils.container import Container
from app.utils.identity import make_digest
from tests.kit.database import SERVER

pytestmark = pytest.mark.skipif(
    SERVER is None, reason="writers of SQLite wait for each other, whatever they write"
)

NAME = make_digest("a request")
OTHER = make_digest("another request")


@pytest.fixture
async def elsewhere(opened: Container) -> AsyncIterator[Database]:
    """Yield the same database as another process has it."""
    settings = opened[CoreSettings].database
    async with open_database(settings, connections=1) as database:
        yield database


async def try_elsewhere(
    database: Database, monkeypatch: pytest.MonkeyPatch, name: bytes = NAME
) -> bool:
    """Take the lock in a process that does not know what this one holds."""
    with monkeypatch.context() as patch:
        patch.setattr(database_locks, "_held", {})
        async with database.begin() as session:
            return await try_lock(session, name)


async def test_another_process_sees_it(
    opened: Container, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened[Database].begin() as session:
        assert await try_lock(session, NAME)
        assert not await try_elsewhere(elsewhere, monkeypatch)
        assert await try_elsewhere(elsewhere, monkeypatch, OTHER)
        await session.commit()
    assert await try_elsewhere(elsewhere, monkeypatch)


async def test_a_connection_goes_back_to_its_pool_without_it(
    opened: Container, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        async with opened[Database].begin() as session:
            assert await try_lock(session, NAME)
        assert await try_elsewhere(elsewhere, monkeypatch)
