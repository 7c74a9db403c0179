"""The routes of the note service."""

from collections.abc import Sequence

from fastapi import APIRouter, status

from app.api.dependencies import ServiceResources, Unit
from app.api.schemas import NoteView, NoteWrite
from app.domain import service
from app.domain.models import Note

router = APIRouter(prefix="/v1")


@router.post("/notes", response_model=NoteView, status_code=status.HTTP_201_CREATED)
async def write_note(body: NoteWrite, uow: Unit, resources: ServiceResources) -> Note:
    """Write a note."""
    return await service.write_note(uow, f"{body.title} by {resources.press.signature}")


@router.get("/notes", response_model=list[NoteView])
async def list_notes(uow: Unit) -> Sequence[Note]:
    """List the notes."""
    return await service.list_notes(uow)
