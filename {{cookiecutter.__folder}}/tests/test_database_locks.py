"""Locks that are not waited for: one transaction has each, until it has ended."""

import gc
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select

from app.database import Database
from app.database_locks import try_lock
from app.utils.container import Container
from app.utils.identity import make_digest

NAME = make_digest("a request")


async def is_free(database: Database, name: bytes = NAME) -> bool:
    async with database.begin() as session:
        return await try_lock(session, name)


async def test_one_transaction_has_it(opened: Container) -> None:
    database = opened[Database]
    async with database.begin() as session:
        assert await try_lock(session, NAME)
        assert not await is_free(database)
    assert await is_free(database)


async def test_it_is_free_after_a_transaction_that_failed(opened: Container) -> None:
    async def fail() -> None:
        async with opened[Database].begin() as session:
            await try_lock(session, NAME)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await is_free(opened[Database])


async def test_the_end_of_a_savepoint_keeps_it(opened: Container) -> None:
    async with opened[Database].begin() as session:
        await try_lock(session, NAME)
        async with session.begin_nested():
            await session.execute(select(1))
        assert not await is_free(opened[Database])


async def test_it_is_free_although_the_end_of_its_transaction_is_not_told(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("app.database_locks.event.listen", lambda *_: None)
        assert await is_free(opened[Database])
    gc.collect()
    assert await is_free(opened[Database])


async def test_who_does_not_get_it_does_not_free_it(opened: Container) -> None:
    async with opened[Database].begin() as session:
        await try_lock(session, NAME)
        assert not await is_free(opened[Database])
        assert not await is_free(opened[Database])


async def test_others_of_this_process_need_no_connection_to_hear_of_it(opened: Container) -> None:
    database = opened[Database]
    async with AsyncExitStack() as stack:
        holder = await stack.enter_async_context(database.begin())
        await try_lock(holder, NAME)
        used = database.count_connections()[0]
        for _ in range(20):
            session = await stack.enter_async_context(database.begin())
            assert not await try_lock(session, NAME)
        assert database.count_connections()[0] == used
