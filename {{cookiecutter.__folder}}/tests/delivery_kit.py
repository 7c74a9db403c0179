"""What tests of delivery share: an event, its delivery, and a handler that fails."""

from app.services.delivery import Delivery
from app.utils.consumer import Consumer, Handler, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, Incoming, MessageBroker

FAST = RetryPolicy(attempts=4, ladder=(0.01, 0.02))


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


class Failing:
    """A handler that always fails."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, event: Ordered) -> None:
        self.calls += 1
        raise RuntimeError(f"never {event.number}")
