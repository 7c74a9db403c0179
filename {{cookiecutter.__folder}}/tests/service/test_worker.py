"""What the service does by the clock."""

from sqlalchemy import select

from app.database import Database
from app.domain.models import Activity
from app.tasks.worker import record_heartbeat
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container


async def test_a_heartbeat_is_recorded(opened: Container) -> None:
    async with opened[UnitOfWorkFactory]() as uow:
        await record_heartbeat(uow)
    async with opened[Database].sessions() as session:
        assert (await session.scalars(select(Activity.kind))).all() == ["heartbeat"]
