"""What the service does with the events that it hears."""

from uuid import uuid4

from app.domain.events import ItemCreated
from app.resources import Resources
from app.utils.container import Container
from tests.kit.events import DeliverEvent


async def test_a_new_item_is_recorded(deliver: DeliverEvent, opened: Container) -> None:
    await deliver(ItemCreated(item_id=uuid4(), name="lamp"))
    activities = opened[Resources].activities
    assert [(each.kind, each.subject) for each in activities] == [("item.created", "lamp")]
