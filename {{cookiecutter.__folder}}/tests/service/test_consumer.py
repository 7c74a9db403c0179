"""What the service does with the events that it hears."""

from uuid import uuid4

from sqlalchemy import select

from app.database import Database
from app.domain.events import ItemCreated
from app.domain.models import Activity
from app.utils.container import Container
from tests.kit.events import DeliverEvent


async def test_a_new_item_is_recorded_once_however_often_it_is_told(
    deliver: DeliverEvent, opened: Container
) -> None:
    await deliver(ItemCreated(item_id=uuid4(), name="lamp"), times=2)
    async with opened[Database].sessions() as session:
        activities = (await session.scalars(select(Activity))).all()
    assert [(each.kind, each.subject) for each in activities] == [("item.created", "lamp")]
