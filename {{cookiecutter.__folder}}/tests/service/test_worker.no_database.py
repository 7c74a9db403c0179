"""What the service does by the clock."""

from app.resources import Resources
from app.tasks.worker import record_heartbeat
from app.utils.container import Container


async def test_a_heartbeat_is_recorded(opened: Container) -> None:
    await record_heartbeat(opened[Resources])
    assert [each.kind for each in opened[Resources].activities] == ["heartbeat"]
