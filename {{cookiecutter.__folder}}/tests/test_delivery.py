"""Delivery: handlers are tried and retried, and what they leave behind is whole."""

import pytest

from app.services.delivery import Delivery, UndeliverableError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import InjectionError
from app.utils.message_broker import Consumer, Event, Handler, RetryPolicy

FAST = RetryPolicy(attempts=3, first_delay=0, timeout=1)


class Ordered(Event, topic="order.placed", key="number"):
    """Somebody ordered something."""

    number: int


def make_delivery(handler: Handler, opened: Container) -> Delivery:
    consumer = Consumer()
    consumer.on(Ordered, name="test", retry=FAST)(handler)
    return Delivery(consumer.subscriptions[0], opened)


def make_message(body: bytes = b'{"number": 7, "colour": "new field"}') -> Envelope:
    return Envelope(topic="order.placed", body=body, source="tests")


async def test_a_handler_gets_what_it_asks_for(opened: Container) -> None:
    seen: list[object] = []

    async def handle(event: Ordered, message: Envelope) -> None:
        seen.extend((event.number, event.key, message.source))

    await make_delivery(handle, opened)(make_message())
    assert seen == [7, "7", "tests"]


async def test_a_failing_handler_is_tried_again(opened: Container) -> None:
    attempts: list[int] = []

    async def handle(event: Ordered) -> None:
        attempts.append(event.number)
        if len(attempts) < FAST.attempts:
            raise RuntimeError("not yet")

    await make_delivery(handle, opened)(make_message())
    assert attempts == [7, 7, 7]


async def test_the_last_failure_is_raised(opened: Container) -> None:
    async def handle(event: Ordered) -> None:
        raise RuntimeError(f"never {event.number}")

    with pytest.raises(RuntimeError, match="never 7"):
        await make_delivery(handle, opened)(make_message())


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"number": "many"}'])
async def test_a_message_that_cannot_be_read_is_not_tried(opened: Container, body: bytes) -> None:
    async def handle(event: Ordered) -> None:
        raise AssertionError(event)

    with pytest.raises(UndeliverableError, match=r"^not a order.placed: "):
        await make_delivery(handle, opened)(make_message(body))


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
# {% endif %}
