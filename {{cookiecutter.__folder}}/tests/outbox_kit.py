"""What tests of the outbox share: events, a broker that does as it is told, and a relay."""

from collections.abc import Awaitable, Callable

from sqlalchemy import func, select

from app.database import Database
from app.services.outbox.relay import OutboxRelay
from app.tables import OutboxMessage
from app.unit_of_work import UnitOfWorkFactory
from app.utils.broker_errors import PublishError
from app.utils.container import Container
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


async def emit(opened: Container, *events: Event) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        for event in events:
            uow.emit(event)


async def count_left(opened: Container) -> int:
    async with opened[Database].sessions() as session:
        return await session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


async def relay_everything(relay: OutboxRelay) -> None:
    """Relay until nothing can be done any more."""
    while any(await relay.relay_due()):
        pass


async def refuse(message: Envelope) -> None:
    raise PublishError(message.topic)
