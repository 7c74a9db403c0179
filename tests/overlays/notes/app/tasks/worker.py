"""What the note service does by the clock."""

from app.domain import service
from app.domain.settings import Settings
from app.resources import Resources
from app.unit_of_work import UnitOfWork
from app.utils.jobs import Worker

worker = Worker()


@worker.every(seconds=3600, name="write-daily-note")
async def write_daily_note(uow: UnitOfWork, settings: Settings, resources: Resources) -> None:
    """Write a note of the service's own."""
    if resources.press.signature == settings.note_signature:
        await service.write_note(uow, "the daily note")
