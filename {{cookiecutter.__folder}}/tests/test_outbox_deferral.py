"""What the outbox does with events of topics that the broker does not take."""

from collections import Counter

import pytest

from app.core.readings import READINGS
from app.database import Database
from app.services.outbox.deferral import FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS
from app.services.outbox.figures import measure_outbox
from app.services.outbox.measuring import show_outbox
from app.services.outbox.relay import OutboxRelay
from app.services.outbox.shards import BATCH
from app.utils.broker_errors import TopicUnavailableError, UnroutableError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from tests.kit.clock import Clock
from tests.outbox_broker import Broker, Happened, Publish, Seen, refuse
from tests.outbox_kit import count_left, emit, relay_everything

# Keys whose shards are all different, of which there are 16.
SHARDED = ("one", "two", "three", "five")


@pytest.fixture
def broker(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(opened[MessageBroker], "publish", broker.publish)
    return broker


@pytest.fixture(params=[UnroutableError, TopicUnavailableError])
def ignore_seen(request: pytest.FixtureRequest) -> Publish:
    async def ignore_seen(message: Envelope) -> None:
        if message.topic == Seen.topic:
            raise request.param(message.topic)

    return ignore_seen


async def take_nothing(message: Envelope) -> None:
    raise TopicUnavailableError(message.topic)


async def test_a_topic_that_is_not_taken_is_put_off_and_holds_up_nothing_else(
    opened: Container, broker: Broker, caplog: pytest.LogCaptureFixture, ignore_seen: Publish
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
    assert caplog.messages.count("topic deferred") == 1


async def test_200_events_of_another_topic_pass_thousands_that_a_full_queue_refuses(
    opened: Container, broker: Broker, ignore_seen: Publish
) -> None:
    broker.answer = ignore_seen
    await emit(opened, *(Seen(number=number, thing=str(number)) for number in range(2000)))
    await emit(opened, *(Happened(number=number, thing=str(number)) for number in range(200)))
    await relay_everything(OutboxRelay(opened))
    assert sorted(broker.numbers()) == list(range(200))


async def test_what_was_put_off_is_published_in_order_when_it_is_taken(
    opened: Container, broker: Broker, clock: Clock, ignore_seen: Publish
) -> None:
    broker.answer = ignore_seen
    await emit(opened, Seen(number=1), Seen(number=2))
    await relay_everything(OutboxRelay(opened))
    broker.answer = None
    # Before it is tried again, from another process: it must not overtake the others.
    await emit(opened, Seen(number=3))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers(Seen) == []
    clock.advance(FIRST_DELAY_SECONDS)
    await relay_everything(OutboxRelay(opened))
    await emit(opened, Seen(number=4))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers(Seen) == [1, 2, 3, 4]


async def test_a_deferred_topic_is_tried_with_one_message_less_and_less_often(
    opened: Container, broker: Broker, clock: Clock, ignore_seen: Publish
) -> None:
    things = [f"thing {number}" for number in range(100)]
    await emit(opened, *(Seen(number=1, thing=thing) for thing in things))
    broker.answer = ignore_seen
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    # Those that were on their way at once, and one of each of the other shards.
    first, tried = broker.attempts, []
    for _ in range(130):
        clock.advance(FIRST_DELAY_SECONDS)
        before = broker.attempts
        await relay_everything(relaying)
        tried.append(broker.attempts - before)
    assert first < 50
    assert max(tried) == 1
    assert sum(tried) <= 8
    assert await count_left(opened) == 100


async def test_each_shard_gets_its_turn_when_little_is_taken(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    room = 0

    async def take_what_there_is_room_for(message: Envelope) -> None:
        nonlocal room
        if room == 0:
            raise TopicUnavailableError(message.topic)
        room -= 1

    broker.answer = take_what_there_is_room_for
    for number in range(5):
        await emit(opened, *(Seen(number=number, thing=thing) for thing in SHARDED))
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    for _ in range(len(SHARDED)):
        room = 1
        clock.advance(MAX_DELAY_SECONDS)
        await relay_everything(relaying)
    assert Counter(message.key for message in broker.published) == Counter(SHARDED)


async def test_a_topic_that_is_taken_again_goes_out_in_every_shard_at_once(
    opened: Container, broker: Broker, clock: Clock, ignore_seen: Publish
) -> None:
    things = [f"thing {number}" for number in range(100)]
    await emit(opened, *(Seen(number=number, thing=thing) for thing in things for number in (1, 2)))
    broker.answer = ignore_seen
    relaying = OutboxRelay(opened)
    for _ in range(3):
        await relay_everything(relaying)
        clock.advance(FIRST_DELAY_SECONDS)
    broker.answer = None
    clock.advance(MAX_DELAY_SECONDS)
    await relay_everything(relaying)
    assert await count_left(opened) == 0
    for thing in things:
        mine = [message.body for message in broker.published if message.key == thing]
        assert [b'"number":1' in body for body in mine] == [True, False]


async def test_a_queue_that_fills_up_again_refuses_few_of_those_that_were_put_off(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    taken = 0

    async def take_30(message: Envelope) -> None:
        nonlocal taken
        if taken == 30:
            raise TopicUnavailableError(message.topic)
        taken += 1

    broker.answer = take_nothing
    await emit(opened, *(Seen(number=number) for number in range(BATCH * 2)))
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    broker.answer, before = take_30, broker.attempts
    clock.advance(FIRST_DELAY_SECONDS)
    await relay_everything(relaying)
    assert broker.attempts - before == 31
    assert broker.numbers(Seen) == list(range(30))


async def test_a_new_deferral_does_not_postpone_another(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    broker.answer = take_nothing
    await emit(opened, Seen(number=1))
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    clock.advance(FIRST_DELAY_SECONDS * 0.9)
    await emit(opened, Happened(number=2))
    await relay_everything(relaying)
    broker.answer = None
    clock.advance(FIRST_DELAY_SECONDS * 0.2)
    await relay_everything(relaying)
    assert (broker.numbers(Seen), broker.numbers()) == ([1], [])


async def test_a_topic_stays_deferred_when_the_connection_is_lost_at_its_turn(
    opened: Container, broker: Broker, clock: Clock, ignore_seen: Publish
) -> None:
    broker.answer = ignore_seen
    await emit(opened, Seen(number=1), Seen(number=2))
    await relay_everything(OutboxRelay(opened))
    broker.answer = refuse
    clock.advance(FIRST_DELAY_SECONDS)
    await relay_everything(OutboxRelay(opened))
    async with opened[Database].sessions() as session:
        assert (await measure_outbox(session)).put_off == 2
    broker.answer = None
    await emit(opened, Seen(number=3))
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers(Seen) == [1, 2, 3]


async def test_a_deferred_topic_is_a_metric_until_it_is_taken(
    opened: Container, broker: Broker, clock: Clock
) -> None:
    labels = {"topic": Seen.topic, "reason": "unavailable"}
    broker.answer = take_nothing
    await emit(opened, Seen(number=1))
    relaying = OutboxRelay(opened)
    await relay_everything(relaying)
    clock.advance(90)
    await show_outbox(opened[Database])
    assert READINGS.get_sample_value("outbox_topic_deferred_seconds", labels) == 90
    broker.answer = None
    await relay_everything(relaying)
    await show_outbox(opened[Database])
    assert READINGS.get_sample_value("outbox_topic_deferred_seconds", labels) is None
