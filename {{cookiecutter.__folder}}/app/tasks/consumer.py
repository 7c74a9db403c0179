"""The events that this service listens to, each with its handler."""

from app.domain import service
from app.domain.events import ItemCreated, ItemRenamed
from app.unit_of_work import UnitOfWork
# {% if cookiecutter.interface == "api-and-worker" and cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(ItemCreated)
async def record_item(event: ItemCreated, uow: UnitOfWork) -> None:
    """Record that there is a new item."""
    await service.record_activity(uow, kind=event.topic, subject=event.name)


@consumer.on(ItemRenamed)
async def record_rename(event: ItemRenamed, uow: UnitOfWork) -> None:
    """Record that an item has another name."""
    await service.record_activity(uow, kind=event.topic, subject=event.name)
# {% if cookiecutter.interface == "api-and-worker" and cookiecutter.cache == "redis" %}


@consumer.on(ItemRenamed)
async def forget_item(event: ItemRenamed, cache: Cache) -> None:
    """Make the cache forget the item, even if the process that renamed it died before it could."""
    await cache.delete(service.item_key(event.item_id))
# {% endif %}
