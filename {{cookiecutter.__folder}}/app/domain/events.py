"""The events of this service: what it tells others, and what it listens to."""

from uuid import UUID

from app.utils.message_broker import Event


class ItemCreated(Event, topic="item.created", key="item_id"):
    """An item now exists."""

    item_id: UUID
    name: str
