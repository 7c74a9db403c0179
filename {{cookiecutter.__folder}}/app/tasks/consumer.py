"""The events that this service listens to, each with its handler."""

from app.domain import service
from app.domain.events import ItemCreated
from app.unit_of_work import UnitOfWork
from app.utils.message_broker import Consumer

consumer = Consumer()


@consumer.on(ItemCreated)
async def record_item(event: ItemCreated, uow: UnitOfWork) -> None:
    """Record that there is a new item."""
    await service.record_activity(uow, kind=event.topic, subject=event.name)
