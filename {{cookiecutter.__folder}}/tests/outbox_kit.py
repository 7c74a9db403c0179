"""What tests of the outbox share: emitting, relaying, and counting what is left."""

from sqlalchemy import func, select

from app.database import Database
from app.services.outbox.relay import OutboxRelay
from app.tables import OutboxMessage
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from app.utils.message_broker import Event


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
