"""What the note service does with events."""

from app.domain import service
from app.domain.events import NoteWritten
from app.unit_of_work import UnitOfWork
from app.utils.consumer import Consumer, RetryPolicy

consumer = Consumer()


@consumer.on(NoteWritten, retry=RetryPolicy(attempts=2))
async def read_new_note(event: NoteWritten, uow: UnitOfWork) -> None:
    """Be the first reader."""
    await service.read_note(uow, event.note_id)
