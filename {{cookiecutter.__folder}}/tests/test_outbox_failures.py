"""What the outbox does with events that the broker does not take."""

import asyncio

import pytest

from app.database import Database
from app.services.outbox import relay
from app.services.outbox.figures import measure_outbox, retry_failed
from app.services.outbox.relay import OutboxRelay
from app.services.outbox.shards import SILENT_SECONDS
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker, MessageRefusedError, UnroutableError
from tests.kit.clock import Clock
from tests.outbox_kit import (
    Broker,
    Happened,
    Seen,
    count_left,
    emit,
    refuse,
    relay_everything,
)


@pytest.fixture
def broker(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(opened[MessageBroker], "publish", broker.publish)
    return broker


async def test_what_came_before_a_failure_is_not_published_again(
    opened: Container, broker: Broker
) -> None:
    async def fail_at_the_second(message: Envelope) -> None:
        if b'"number":2' in message.body:
            await refuse(message)

    await emit(opened, *(Happened(number=number) for number in range(1, 4)))
    broker.answer = fail_at_the_second
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == [1]
    broker.answer = None
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == [1, 2, 3]


async def test_a_broker_that_is_down_is_left_alone_for_a_while(
    opened: Container, broker: Broker
) -> None:
    broker.answer = refuse
    await emit(opened, Happened(number=1), Happened(number=2))
    relaying = OutboxRelay(opened)
    await relaying.relay_due()
    await relaying.relay_due()
    assert broker.attempts == 1
    assert await count_left(opened) == 2


async def test_a_broker_that_is_down_is_logged_when_it_goes_and_when_it_is_back(
    opened: Container,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(relay, "FIRST_REST_SECONDS", 0.0)
    broker.answer = refuse
    await emit(opened, *(Happened(number=1, thing=thing) for thing in "abcdef"))
    relaying = OutboxRelay(opened)
    with caplog.at_level("INFO", logger="app.services.outbox"):
        for _ in range(3):
            await relaying.relay_due()
        broker.answer = None
        for _ in range(3):
            await relaying.relay_due()
    lines = [record.message for record in caplog.records]
    assert lines == ["outbox waits for the broker", "outbox goes on"]


async def test_a_broker_that_confirms_nothing_does_not_keep_the_transaction_open(
    opened: Container, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def confirm_the_first(message: Envelope) -> None:
        if b'"number":1' not in message.body:
            await asyncio.Event().wait()

    monkeypatch.setattr(relay, "PUBLISH_SECONDS", 0.05)
    broker.answer = confirm_the_first
    await emit(opened, Happened(number=1), Happened(number=2))
    await relay_everything(OutboxRelay(opened))
    assert await count_left(opened) == 1


async def ignore_seen(message: Envelope) -> None:
    if message.topic == Seen.topic:
        raise UnroutableError(message.topic)


async def test_what_nobody_listens_to_is_put_off_and_holds_up_nothing_else(
    opened: Container, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.answer = ignore_seen
    await emit(opened, Seen(number=1), Seen(number=2), Happened(number=3))
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    await emit(opened, Seen(number=4), Happened(number=5))
    await relay_everything(relaying)
    assert broker.numbers() == [3, 5]
    assert broker.attempts == 3
    async with opened[Database].sessions() as session:
        figures = await measure_outbox(session)
    assert (figures.waiting, figures.put_off, figures.age_seconds) == (0, 3, 0)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "nobody listens, messages put off"
    ]


async def test_what_was_put_off_is_published_in_order_when_somebody_listens(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    broker.answer = ignore_seen
    await emit(opened, Seen(number=1), Seen(number=2))
    await relay_everything(OutboxRelay(opened))
    broker.answer = None
    # Before it is tried again, from another process: it must not overtake the others.
    await emit(opened, Seen(number=3))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers(Seen) == []
    clock.advance(SILENT_SECONDS)
    await relay_everything(OutboxRelay(opened))
    await emit(opened, Seen(number=4))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers(Seen) == [1, 2, 3, 4]


async def test_a_topic_that_is_still_silent_is_asked_about_once_in_a_while(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    broker.answer = ignore_seen
    await emit(opened, *(Seen(number=number) for number in range(10)))
    relaying = OutboxRelay(opened)
    for _ in range(3):
        await relay_everything(relaying)
        clock.advance(SILENT_SECONDS)
    assert broker.attempts == 3
    assert await count_left(opened) == 10


async def test_what_the_broker_never_takes_is_kept_and_holds_up_nothing(
    opened: Container, broker: Broker
) -> None:
    async def refuse_the_first(message: Envelope) -> None:
        if b'"number":1' in message.body:
            raise MessageRefusedError("too large" * 100)

    broker.answer = refuse_the_first
    await emit(opened, Happened(number=1), Happened(number=2))
    await relay_everything(OutboxRelay(opened))
    await relay_everything(OutboxRelay(opened))
    assert (broker.numbers(), broker.attempts) == ([2], 2)
    async with opened[Database].begin() as session:
        assert (await measure_outbox(session)).failed == 1
        assert await retry_failed(session) == 1
    broker.answer = None
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == [2, 1]
