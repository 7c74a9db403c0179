"""The events of this service: what it tells others, and what it listens to."""

from uuid import UUID

from app.utils.message_broker import Event


# {% if cookiecutter.interface != "worker" %}
class ItemCreated(Event, topic="item.created", key="item_id"):
    """An item now exists."""

    item_id: UUID
    name: str
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
class ItemCreated(Event, topic="item.created", key="item_id", sent_by="item-api"):
    """An item now exists."""

    item_id: UUID
    name: str
# {% endif %}
# {% if cookiecutter.interface != "worker" and cookiecutter.database != "none" %}


class ItemRenamed(Event, topic="item.renamed", key="item_id"):
    """An item has another name."""

    item_id: UUID
    name: str
# {% endif %}
# {% if cookiecutter.interface == "worker" and cookiecutter.database != "none" %}


class ItemRenamed(Event, topic="item.renamed", key="item_id", sent_by="item-api"):
    """An item has another name."""

    item_id: UUID
    name: str
# {% endif %}
