"""The business logic of the note service."""

from collections.abc import Sequence

from slugify import slugify
from sqlalchemy import select

from app.domain.events import NoteWritten
from app.domain.models import Note
from app.unit_of_work import UnitOfWork


async def write_note(uow: UnitOfWork, title: str) -> Note:
    """Write a note, and tell others."""
    note = Note(slug=slugify(title), readers=0)
    uow.session.add(note)
    await uow.session.flush()
    uow.emit(NoteWritten(note_id=note.id))
    return note


async def read_note(uow: UnitOfWork, note_id: int) -> None:
    """Count a reader."""
    note = await uow.session.get_one(Note, note_id)
    note.readers += 1


async def list_notes(uow: UnitOfWork) -> Sequence[Note]:
    """Return the notes in order."""
    return (await uow.session.scalars(select(Note).order_by(Note.id))).all()
