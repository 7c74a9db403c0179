"""The business logic: what this service does, whoever asks it to."""

# {% if cookiecutter.interface != "worker" %}
from dataclasses import dataclass
from uuid import UUID, uuid4

# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
from app.domain.events import ItemCreated
# {% endif %}
# {% if cookiecutter.interface != "api" or cookiecutter.broker == "none" %}
from app.resources import Activity, Resources
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
from app.unit_of_work import UnitOfWork
# {% endif %}
# {% if cookiecutter.interface != "worker" %}


@dataclass(frozen=True)
class Item:
    """Something that clients create."""

    id: UUID
    name: str
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}


async def create_item(uow: UnitOfWork, name: str) -> Item:
    """Create an item, and tell whoever listens."""
    item = Item(id=uuid4(), name=name)
    uow.emit(ItemCreated(item_id=item.id, name=item.name))
    return item
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.broker == "none" %}


async def create_item(resources: Resources, name: str) -> Item:
    """Create an item."""
    item = Item(id=uuid4(), name=name)
    await record_activity(resources, kind="item.created", subject=item.name)
    return item
# {% endif %}
# {% if cookiecutter.interface != "api" or cookiecutter.broker == "none" %}


async def record_activity(resources: Resources, *, kind: str, subject: str) -> None:
    """Add a line to the record of what went on."""
    resources.activities.append(Activity(kind=kind, subject=subject))
# {% endif %}
