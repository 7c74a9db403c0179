"""Delivery: handlers are tried and retried, and what cannot be handled is put aside."""

import asyncio

import pytest

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError, UnavailableError
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.core.errors import UnavailableError
# {% endif %}
from app.services import outage
from app.services.delivery import Delivery
from app.utils.consumer import Consumer, Handler, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import InjectionError
from app.utils.message_broker import Event, Incoming, MessageBroker

FAST = RetryPolicy(attempts=4, ladder=(0.01, 0.02), timeout=1)


class Ordered(Event, topic="order.placed", key="number"):
    """Somebody ordered something."""

    number: int


def make_delivery(handler: Handler, opened: Container, *, ordered: bool = False) -> Delivery:
    consumer = Consumer()
    consumer.on(Ordered, name="test", retry=FAST, ordered=ordered)(handler)
    subscription = consumer.subscriptions[0]
    return Delivery(subscription, subscription.make_group("tests"), opened)


def make_message(
    body: bytes = b'{"number": 7, "colour": "new field"}', *, attempt: int = 1, deaths: int = 0
) -> Incoming:
    message = Envelope(topic="order.placed", body=body, source="tests", attempt=attempt)
    return Incoming(message=message, deaths=deaths, origin="here")


async def list_messages(opened: Container, place: str) -> list[Envelope]:
    return [message async for message in opened[MessageBroker].browse(f"tests.test.{place}")]


async def test_a_handler_gets_what_it_asks_for(opened: Container) -> None:
    seen: list[object] = []

    async def handle(event: Ordered, message: Envelope) -> None:
        seen.extend((event.number, event.key, message.source))

    await make_delivery(handle, opened)(make_message())
    assert seen == [7, "7", "tests"]


class Failing:
    """A handler that always fails."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, event: Ordered) -> None:
        self.calls += 1
        raise RuntimeError(f"never {event.number}")


async def test_a_failing_handler_is_tried_again_at_once_and_then_later(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message())
    assert failing.calls == 2
    [waiting] = await list_messages(opened, "retry.10ms")
    assert waiting.attempt == 3
    assert waiting.topic == "order.placed"


async def test_each_later_attempt_waits_longer(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(attempt=3))
    assert failing.calls == 1
    [waiting] = await list_messages(opened, "retry.20ms")
    assert waiting.attempt == 4


async def test_after_the_last_attempt_it_is_a_dead_letter(opened: Container) -> None:
    await make_delivery(Failing().__call__, opened)(make_message(attempt=4))
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "failed"
    assert dead.headers["dead-letter-error"] == "RuntimeError('never 7')"
    assert dead.headers["dead-letter-attempts"] == "4"
    assert dead.headers["dead-letter-origin"] == "here"


async def test_in_order_all_attempts_hold_the_others_up(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened, ordered=True)(make_message())
    assert failing.calls == 4
    assert len(await list_messages(opened, "dead")) == 1


async def test_a_process_that_died_counts_as_an_attempt(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(deaths=3))
    assert failing.calls == 1
    assert len(await list_messages(opened, "dead")) == 1


async def test_a_message_that_kills_each_process_is_not_tried_for_ever(opened: Container) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(deaths=4))
    assert failing.calls == 0
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "died"


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"number": "many"}'])
async def test_a_message_that_cannot_be_read_is_not_tried(opened: Container, body: bytes) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(body))
    assert failing.calls == 0
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "unreadable"
    assert "not a order.placed: " in dead.headers["dead-letter-error"]


async def test_a_server_that_does_not_answer_costs_no_attempt(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)
        if len(calls) < 10:
            raise UnavailableError("no answer")

    await make_delivery(handle, opened)(make_message())
    assert len(calls) == 10


async def test_a_handler_that_hangs_is_ended(opened: Container) -> None:
    async def handle(event: Ordered) -> None:
        del event
        await asyncio.Event().wait()

    consumer = Consumer()
    consumer.on(Ordered, name="test", retry=RetryPolicy(attempts=1, timeout=0.01))(handle)
    subscription = consumer.subscriptions[0]
    await Delivery(subscription, subscription.make_group("tests"), opened)(make_message())
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-error"] == "TimeoutError()"


async def test_asking_for_what_is_not_there_fails_before_any_message(opened: Container) -> None:
    async def handle(event: Ordered, colour: bytes) -> None:
        raise AssertionError((event, colour))

    with pytest.raises(InjectionError, match="asks for colour: bytes"):
        make_delivery(handle, opened)


def test_two_handlers_cannot_have_one_name() -> None:
    async def handle(event: Ordered) -> None:
        raise AssertionError(event)

    consumer = Consumer()
    consumer.on(Ordered)(handle)
    with pytest.raises(ValueError, match="two handlers are named 'handle'"):
        consumer.on(Ordered)(handle)
# {% if cookiecutter.database != "none" %}


async def test_a_message_that_comes_twice_is_handled_once(opened: Container) -> None:
    seen: list[int] = []

    async def handle(event: Ordered) -> None:
        seen.append(event.number)

    delivery = make_delivery(handle, opened)
    message = make_message()
    await delivery(message)
    await delivery(message)
    assert seen == [7]


async def test_a_deadlock_is_tried_again_at_once(opened: Container) -> None:
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)
        if len(calls) < 4:
            raise TransactionConflictError

    await make_delivery(handle, opened)(make_message())
    assert len(calls) == 4
# {% endif %}
