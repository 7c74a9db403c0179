"""Whom the inbox keeps from handling a message again, and whom it does not."""

import asyncio

from app.services.delivery import Delivery
from app.utils.consumer import Consumer, Handler
from app.utils.container import Container
from tests.delivery_kit import FAST, Ordered, list_messages, make_delivery, make_message


def make_other(name: str, handler: Handler, opened: Container, *, broadcast: bool) -> Delivery:
    consumer = Consumer()
    consumer.on(Ordered, name=name, retry=FAST, broadcast=broadcast)(handler)
    (subscription,) = consumer.subscriptions
    return Delivery(subscription, subscription.make_group("tests"), opened)


async def test_each_subscription_handles_a_message(opened: Container) -> None:
    seen: list[str] = []

    async def bill(event: Ordered) -> None:
        seen.append(f"billed {event.number}")

    async def ship(event: Ordered) -> None:
        seen.append(f"shipped {event.number}")

    message = make_message()
    for name, handler in (("bill", bill), ("ship", ship)):
        await make_other(name, handler, opened, broadcast=False)(message)
    assert seen == ["billed 7", "shipped 7"]


async def test_each_instance_hears_a_broadcast(opened: Container) -> None:
    heard: list[int] = []

    async def hear(event: Ordered) -> None:
        heard.append(event.number)

    message = make_message()
    for _ in range(2):
        await make_other("hear", hear, opened, broadcast=True)(message)
    assert heard == [7, 7]


async def test_of_two_copies_at_once_one_is_handled(opened: Container) -> None:
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)
        # The other copy comes meanwhile.
        await asyncio.sleep(0.1)

    message = make_message()
    await asyncio.gather(*(make_delivery(handle, opened)(message) for _ in range(2)))
    assert calls == [7]


async def test_a_copy_is_done_with_when_it_comes(opened: Container) -> None:
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)

    message, deliver = make_message(), make_delivery(handle, opened)
    for _ in range(FAST.attempts):
        await deliver(message)
    assert calls == [7]
    for place in ("retry.10ms", "retry.20ms", "dead"):
        assert await list_messages(opened, place) == []
