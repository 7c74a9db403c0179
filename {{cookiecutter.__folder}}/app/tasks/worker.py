"""The jobs that this service does by the clock."""

from app.domain import service
from app.unit_of_work import UnitOfWork
from app.utils.jobs import Worker

worker = Worker()


@worker.every(seconds=60)
async def record_heartbeat(uow: UnitOfWork) -> None:
    """Record that the service is alive, once a minute across all replicas."""
    await service.record_activity(uow, kind="heartbeat", subject="worker")
