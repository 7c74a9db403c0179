"""The events of the note service."""

from app.utils.message_broker import Event


class NoteWritten(Event, topic="note.written", key="note_id"):
    """Somebody wrote a note."""

    note_id: int
