"""The routes of the note service."""

from collections.abc import Sequence

from fastapi import status

from app.api.dependencies import ServiceResources
from app.api.schemas import NoteView, NoteWrite, Reminder
from app.domain import service
from app.domain.models import Note
from app.utils.base_model import IsoDate
from app.web.routing import Router
from app.web.units import ReadUnit, Unit

router = Router(prefix="/v1")


@router.post("/notes", response_model=NoteView, status_code=status.HTTP_201_CREATED)
async def write_note(body: NoteWrite, uow: Unit, resources: ServiceResources) -> Note:
    """Write a note."""
    return await service.write_note(uow, f"{body.title} by {resources.press.signature}")


@router.get("/notes", response_model=list[NoteView])
async def list_notes(uow: ReadUnit) -> Sequence[Note]:
    """List the notes."""
    return await service.list_notes(uow)


@router.post("/reminders/{day}")
async def check_reminder(day: IsoDate, body: Reminder) -> Reminder:
    """Say what was understood."""
    return body.model_copy(update={"day": day})
