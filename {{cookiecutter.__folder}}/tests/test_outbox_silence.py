"""What the outbox does with events that nobody listens to."""

import pytest

from app.database import Database
from app.services.outbox.figures import measure_outbox
from app.services.outbox.relay import OutboxRelay
from app.services.outbox.silence import SILENT_SECONDS
from app.utils.broker_errors import UnroutableError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from tests.kit.clock import Clock
from tests.outbox_broker import Broker, Happened, Seen
from tests.outbox_kit import count_left, emit, relay_everything


@pytest.fixture
def broker(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(opened[MessageBroker], "publish", broker.publish)
    return broker


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
