"""The outbox: an event is published if, and only if, its transaction was committed."""

import pytest
from sqlalchemy import func, select

from app.database import Database
from app.services.outbox import OutboxRelay
from app.tables import OutboxMessage
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker, PublishError


class Happened(Event, topic="it.happened", key="number"):
    """It happened."""

    number: int


async def count_waiting(opened: Container) -> int:
    async with opened[Database].sessions() as session:
        return await session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


@pytest.fixture
def published(opened: Container, monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
    messages: list[Envelope] = []

    async def publish(message: Envelope) -> None:
        messages.append(message)

    monkeypatch.setattr(opened[MessageBroker], "publish", publish)
    return messages


async def test_a_committed_event_is_published_and_forgotten(
    opened: Container, published: list[Envelope]
) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        uow.emit(Happened(number=1))
        uow.emit(Happened(number=2))
    assert await OutboxRelay(opened).relay_batch() == 2
    assert [(message.key, message.body) for message in published] == [
        ("1", b'{"number":1}'),
        ("2", b'{"number":2}'),
    ]
    assert await count_waiting(opened) == 0


async def test_an_event_of_a_failed_transaction_is_never_published(
    opened: Container, published: list[Envelope]
) -> None:
    async def fail_half_way() -> None:
        async with opened[UnitOfWorkFactory]() as uow:
            uow.emit(Happened(number=1))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await fail_half_way()
    assert await OutboxRelay(opened).relay_batch() == 0
    assert published == []


async def test_an_event_that_the_broker_refuses_is_kept(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(message: Envelope) -> None:
        raise PublishError(message.topic)

    monkeypatch.setattr(opened[MessageBroker], "publish", refuse)
    async with opened[UnitOfWorkFactory]() as uow:
        uow.emit(Happened(number=1))
    assert await OutboxRelay(opened).relay_batch() == 0
    assert await count_waiting(opened) == 1


async def test_an_event_that_the_broker_refused_does_not_hold_up_the_next(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse_the_first(message: Envelope) -> None:
        if message.key == "1":
            raise PublishError(message.topic)

    monkeypatch.setattr(opened[MessageBroker], "publish", refuse_the_first)
    async with opened[UnitOfWorkFactory]() as uow:
        uow.emit(Happened(number=1))
        uow.emit(Happened(number=2))
    relay = OutboxRelay(opened)
    assert [await relay.relay_batch(), await relay.relay_batch()] == [0, 1]
    assert await count_waiting(opened) == 1
