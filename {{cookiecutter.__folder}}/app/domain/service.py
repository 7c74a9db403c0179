"""The business logic: what this service does, whoever asks it to."""

# {% if cookiecutter.interface != "worker" %}
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select

from app.core.errors import NotFoundError
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
from app.domain.events import ItemCreated, ItemRenamed
# {% endif %}
# {% if cookiecutter.interface != "worker" %}
from app.domain.models import Activity, Item
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
from app.domain.models import Activity
# {% endif %}
# {% if cookiecutter.interface != "worker" %}
from app.pagination import Order, Slice, read_page
# {% endif %}
from app.unit_of_work import UnitOfWork
# {% if cookiecutter.interface != "worker" %}

# What items can be listed by; each has its index.
ORDERS = {
    order.name: order
    for column in (Item.created_at, Item.name)
    for order in Order.both(column, Item.id)
}


class ItemNotFoundError(NotFoundError):
    """There is no item with this id."""


async def create_item(uow: UnitOfWork, name: str) -> Item:
    """Create an item."""
    item = Item(id=uuid4(), name=name)
    uow.session.add(item)
    # {% endif %}
    # {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
    uow.emit(ItemCreated(item_id=item.id, name=item.name))
    # {% endif %}
    # {% if cookiecutter.interface == "api" or (cookiecutter.interface == "api-and-worker" and cookiecutter.broker == "none") %}
    await record_activity(uow, kind="item.created", subject=item.name)
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    await uow.session.flush()
    return item


async def get_item(uow: UnitOfWork, item_id: UUID) -> Item:
    """Return an item; raises ItemNotFoundError."""
    item = await uow.session.get(Item, item_id)
    if item is None:
        raise ItemNotFoundError(f"there is no item {item_id}")
    return item


# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.cache == "redis" %}
def item_key(item_id: UUID) -> str:
    """Return what a cache knows an item by."""
    return f"item:{item_id}"


# {% endif %}
# {% if cookiecutter.interface != "worker" %}
async def list_items(
    uow: UnitOfWork,
    *,
    sort: str,
    limit: int,
    cursor: str | None = None,
    offset: int = 0,
    name: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Slice[Item]:
    """Return a page of the items; `sort` is one of ORDERS. Raises InvalidInputError."""
    items = select(Item)
    if name is not None:
        items = items.where(Item.name == name)
    if created_after is not None:
        items = items.where(Item.created_at > created_after)
    if created_before is not None:
        items = items.where(Item.created_at < created_before)
    order = ORDERS[sort]
    return await read_page(uow.session, items, order, limit=limit, cursor=cursor, offset=offset)


async def rename_item(uow: UnitOfWork, item: Item, name: str) -> None:
    """Give an item another name; nothing happens when it has that already."""
    if item.name == name:
        return
    item.name = name
    # {% endif %}
    # {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
    uow.emit(ItemRenamed(item_id=item.id, name=item.name))
    # {% endif %}
    # {% if cookiecutter.interface == "api" or (cookiecutter.interface == "api-and-worker" and cookiecutter.broker == "none") %}
    await record_activity(uow, kind="item.renamed", subject=item.name)
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    await uow.session.flush()


async def delete_item(uow: UnitOfWork, item_id: UUID) -> None:
    """Delete an item; raises ItemNotFoundError."""
    item = await get_item(uow, item_id)
    await uow.session.delete(item)
    await record_activity(uow, kind="item.deleted", subject=item.name)


async def list_activities(uow: UnitOfWork, *, limit: int) -> Sequence[Activity]:
    """Return the latest activities, newest first."""
    latest = select(Activity).order_by(Activity.id.desc()).limit(limit)
    return (await uow.session.scalars(latest)).all()
# {% endif %}


async def record_activity(uow: UnitOfWork, *, kind: str, subject: str) -> None:
    """Add a line to the record of what went on."""
    uow.session.add(Activity(kind=kind, subject=subject))
