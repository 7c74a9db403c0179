"""Events are written last in the transaction of what they tell of, and in no other."""

from typing import Any

import pytest
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.tables import OutboxMessage, OutboxShard
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.outbox_broker import Happened
from tests.outbox_kit import count_left


async def test_no_event_is_left_when_the_commit_fails(opened: Container) -> None:
    def fail(_: Session) -> None:
        raise RuntimeError("the server is gone")

    async def commit() -> None:
        async with opened[UnitOfWorkFactory]() as uow:
            uow.emit(Happened(number=1))
            listen(uow.session.sync_session, "before_commit", fail)

    with pytest.raises(RuntimeError, match="the server is gone"):
        await commit()
    assert await count_left(opened) == 0


async def test_an_event_goes_with_its_row_when_the_unit_goes_on_after_a_rollback(
    opened: Container,
) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        uow.session.add(OutboxShard(shard=0, deferred={}))
        uow.emit(Happened(number=1))
        with pytest.raises(IntegrityError):
            await uow.session.flush()
        await uow.session.rollback()
    assert await count_left(opened) == 0


async def test_an_event_that_is_emitted_after_a_rollback_is_written(opened: Container) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        await uow.session.get_one(OutboxShard, 0)
        uow.emit(Happened(number=1))
        await uow.session.rollback()
        uow.emit(Happened(number=2))
    assert await count_left(opened) == 1


async def test_events_draw_their_ids_when_all_changed_rows_are_locked(opened: Container) -> None:
    flushes: list[set[type]] = []

    def note(session: Session, *_: Any) -> None:
        flushes.append({type(each) for each in (*session.new, *session.dirty)})

    async with opened[UnitOfWorkFactory]() as uow:
        listen(uow.session.sync_session, "before_flush", note)
        uow.emit(Happened(number=1))
        shard = await uow.session.get_one(OutboxShard, 0)
        shard.deferred = {"orders": {}}
    assert flushes == [{OutboxShard}, {OutboxMessage}]
