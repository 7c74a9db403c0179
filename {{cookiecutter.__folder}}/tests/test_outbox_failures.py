"""What the outbox does with events that the broker does not take."""

import asyncio

import pytest

from app.database import Database
from app.services.outbox import relay, rests
from app.services.outbox.figures import measure_outbox, retry_failed
from app.services.outbox.relay import OutboxRelay
from app.utils.broker_errors import MessageRefusedError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from tests.outbox_broker import Broker, Happened, refuse
from tests.outbox_kit import count_left, emit, relay_everything


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
    monkeypatch.setattr(rests, "FIRST_REST_SECONDS", 0.0)
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


async def test_what_the_broker_never_takes_is_kept_and_holds_up_nothing(
    opened: Container, broker: Broker
) -> None:
    async def refuse_the_first(message: Envelope) -> None:
        if b'"number":1' in message.body:
            raise MessageRefusedError("too large: \udce4.csv\0" * 100)

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
