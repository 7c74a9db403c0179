"""The events that this service listens to, each with its handler."""

from app.domain import service
from app.domain.events import ItemCreated
from app.resources import Resources
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(ItemCreated)
async def record_item(event: ItemCreated, resources: Resources) -> None:
    """Record that there is a new item."""
    await service.record_activity(resources, kind=event.topic, subject=event.name)
