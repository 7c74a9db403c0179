"""The outbox: an event is published if, and only if, its transaction was committed, in order."""

import asyncio
from collections import defaultdict

import pytest
from sqlalchemy import select

from app.services.outbox.relay import OutboxRelay
from app.services.outbox.shards import BATCH
from app.tables import OutboxShard, choose_shard
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from tests.outbox_broker import Broker, Happened
from tests.outbox_kit import count_left, emit, relay_everything


@pytest.fixture
def broker(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(opened[MessageBroker], "publish", broker.publish)
    return broker


async def test_a_committed_event_is_published_and_forgotten(
    opened: Container, broker: Broker
) -> None:
    await emit(opened, Happened(number=1), Happened(number=2))
    await relay_everything(OutboxRelay(opened))
    assert [(message.key, message.body) for message in broker.published] == [
        ("one", b'{"number":1,"thing":"one"}'),
        ("one", b'{"number":2,"thing":"one"}'),
    ]
    assert await count_left(opened) == 0


async def test_an_event_of_a_failed_transaction_is_never_published(
    opened: Container, broker: Broker
) -> None:
    async def fail_half_way() -> None:
        async with opened[UnitOfWorkFactory]() as uow:
            uow.emit(Happened(number=1))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await fail_half_way()
    await relay_everything(OutboxRelay(opened))
    assert broker.published == []


async def fail_in_savepoints(uow: UnitOfWork) -> None:
    async with uow.session.begin_nested():
        uow.emit(Happened(number=2))
        async with uow.session.begin_nested():
            uow.emit(Happened(number=3))
        raise RuntimeError("half-way")


async def test_an_event_of_a_savepoint_that_was_rolled_back_is_never_published(
    opened: Container, broker: Broker
) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        uow.emit(Happened(number=1))
        with pytest.raises(RuntimeError, match="half-way"):
            await fail_in_savepoints(uow)
        async with uow.session.begin_nested():
            uow.emit(Happened(number=4))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == [1, 4]


async def test_events_of_a_key_stay_in_order_however_many_relays_there_are(
    opened: Container, broker: Broker
) -> None:
    async def take_turns(message: Envelope) -> None:
        for _ in range(int(message.id[:1], 16)):
            await asyncio.sleep(0)

    things = [f"thing {number}" for number in range(30)]
    for number in range(10):
        await emit(opened, *(Happened(number=number, thing=thing) for thing in things))
    broker.answer = take_turns
    await asyncio.gather(*(relay_everything(OutboxRelay(opened)) for _ in range(4)))
    by_thing = defaultdict(list)
    for message in broker.published:
        by_thing[message.key].append(Happened.model_validate_json(message.body).number)
    assert by_thing == {thing: list(range(10)) for thing in things}
    assert await count_left(opened) == 0


async def test_events_are_in_the_order_of_the_rows_that_their_writers_have_locked(
    opened: Container, broker: Broker
) -> None:
    order = []

    async def write(number: int) -> None:
        async with opened[UnitOfWorkFactory]() as uow:
            uow.emit(Happened(number=number))
            # Whatever makes the session write what it has: not yet the event.
            await uow.session.flush()
            lock = select(OutboxShard).filter_by(shard=0).with_for_update()
            await uow.session.execute(lock)
            order.append(number)

    await asyncio.gather(*map(write, range(15)))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == order


async def test_more_than_one_batch_is_published(opened: Container, broker: Broker) -> None:
    await emit(opened, *(Happened(number=number) for number in range(2 * BATCH + 1)))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == list(range(2 * BATCH + 1))


def test_a_key_has_the_same_shard_in_every_process() -> None:
    assert [choose_shard(key) for key in ("one", "two", "ключ")] == [1, 6, 10]
