"""The business logic: what this service does, whoever asks it to."""

# {% if cookiecutter.interface != "worker" %}
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import select

from app.core.errors import NotFoundError
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
from app.domain.events import ItemCreated
# {% endif %}
# {% if cookiecutter.interface != "worker" %}
from app.domain.models import Activity, Item
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
from app.domain.models import Activity
# {% endif %}
from app.unit_of_work import UnitOfWork
# {% if cookiecutter.interface != "worker" %}


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


async def list_activities(uow: UnitOfWork, *, limit: int) -> Sequence[Activity]:
    """Return the latest activities, newest first."""
    latest = select(Activity).order_by(Activity.id.desc()).limit(limit)
    return (await uow.session.scalars(latest)).all()
# {% endif %}


async def record_activity(uow: UnitOfWork, *, kind: str, subject: str) -> None:
    """Add a line to the record of what went on."""
    uow.session.add(Activity(kind=kind, subject=subject))
