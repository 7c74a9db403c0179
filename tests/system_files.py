"""A small system for tests: one service tells that a note was written, another one listens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

BARE = {"ci": "none", "database": "none", "cache": "none", "broker": "rabbitmq"}
WRITER: dict[str, Any] = {
    "name": "writer",
    "port": 8101,
    "answers": {**BARE, "interface": "api"},
    "overlays": ["writer"],
}
READER: dict[str, Any] = {
    "name": "reader",
    "port": 8102,
    "answers": {**BARE, "interface": "worker"},
    "overlays": ["reader"],
}
SENT = '''"""The events of this service."""

from app.utils.message_broker import Event


class NoteWritten(Event, topic="note.written"):
    """A note now exists."""

    text: str
'''
RECEIVED = SENT.replace('"note.written"', '"note.written", sent_by="writer"')
HANDLER = '''"""The events that this service listens to, each with its handler."""

from app.domain.events import NoteWritten
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(NoteWritten)
async def count_letters(event: NoteWritten) -> None:
    """Take note."""
'''
REQUEST = '''

class Note(BaseModel):
    """What a note says."""

    text: str


class GetNote(Request[Note], topic="note.get"):
    """Ask what a note says."""

    note_id: int
'''
IMPORTS = "from pydantic import BaseModel\n\nfrom app.utils.requests import Request\n"
ANSWER = '''

@consumer.answer(GetNote)
async def get_note(request: GetNote) -> Note:
    """Tell."""
    return Note(text="")
'''
OVERLAYS = {
    "writer/app/domain/events.py": SENT,
    "reader/app/domain/events.py": RECEIVED,
    "reader/app/tasks/consumer.py": HANDLER,
}


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def write_system(folder: Path, *services: Any, name: str = "notes", **more: Any) -> Path:
    """Write a system file and return its path."""
    path = folder / "system.yml"
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"name": name, "services": list(services), **more})
    path.write_text(text, encoding="utf-8")
    return path


def write_notes(folder: Path) -> Path:
    """Write the small system with its overlays."""
    write_files(folder, OVERLAYS)
    return write_system(folder, WRITER, READER)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
