"""What clients of the note service send and receive."""

from app.utils.base_model import InputModel, Model


class NoteWrite(InputModel):
    """A note to be written."""

    title: str


class NoteView(Model):
    """A note as clients see it."""

    id: int
    slug: str
    readers: int
