"""Events, and a broker that does with them as it is told."""

from collections.abc import Awaitable, Callable

from app.utils.broker_errors import PublishError
from app.utils.envelope import Envelope
from app.utils.message_broker import Event

Publish = Callable[[Envelope], Awaitable[None]]


class Happened(Event, topic="it.happened", key="thing"):
    """It happened."""

    number: int
    thing: str = "one"


class Seen(Event, topic="it.was.seen", key="thing"):
    """Somebody saw it."""

    number: int
    thing: str = "one"


class Broker:
    """What was published, and what is to become of the next message."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.attempts = 0
        self.answer: Publish | None = None

    async def publish(self, message: Envelope) -> None:
        self.attempts += 1
        if self.answer is not None:
            await self.answer(message)
        self.published.append(message)

    def numbers(self, event: type[Event] = Happened) -> list[int]:
        bodies = [each.body for each in self.published if each.topic == event.topic]
        return [Happened.model_validate_json(body).number for body in bodies]


async def refuse(message: Envelope) -> None:
    raise PublishError(message.topic)
