"""What a service waits for is sent by another one, in a form that it can read."""

from pathlib import Path
from typing import Any

import pytest

from tests.combinations import DEFAULT
from tests.renders import render
from tools.system.errors import SystemRefusedError
from tools.system.messages import check

TEXT = {"type": "string"}
NOTHING: dict[str, Any] = {
    "document": {},
    "senders": {},
    "sends": {},
    "receives": {},
    "asks": {},
    "answers": {},
}


def make_payload(*required: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required)}


NOTE = make_payload("text", text=TEXT)
WRITER = {**NOTHING, "sends": {"note.written": NOTE}}


def compare(folder: Path, **services: Any) -> None:
    """Check services whose code is that of a rendered one."""
    for name in services:
        (folder / name).symlink_to(render(DEFAULT))
    check(services, folder)


def refuse(folder: Path, **services: Any) -> str:
    with pytest.raises(SystemRefusedError) as refusal:
        compare(folder, **services)
    return str(refusal.value)


def receive(payload: dict[str, Any], **senders: str) -> dict[str, Any]:
    return {**NOTHING, "receives": {"note.written": payload}, "senders": senders}


def test_events_that_fit(tmp_path: Path) -> None:
    tolerant = make_payload("text", text=TEXT, size={"type": "integer", "default": 0})
    compare(tmp_path, writer=WRITER, reader=receive(tolerant))


def test_no_messages_at_all(tmp_path: Path) -> None:
    check({}, tmp_path)
    compare(tmp_path, writer=NOTHING)


def test_an_event_that_nobody_sends(tmp_path: Path) -> None:
    assert refuse(tmp_path, writer=NOTHING, reader=receive(NOTE)) == (
        "reader listens to note.written, which no service of the system sends: "
        "declare the event in the app/domain/events.py of its sender."
    )


def test_who_was_to_send_it_is_named(tmp_path: Path) -> None:
    reader = {**receive(NOTE), "senders": {"note.written": "writer"}}
    assert "sends (writer, it says): " in refuse(tmp_path, writer=NOTHING, reader=reader)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (make_payload("text", text={"type": "integer"}), "text is sent as string and read as int"),
        (make_payload("text", "size", text=TEXT, size=TEXT), "size is required."),
        ({**NOTE, "additionalProperties": False, "properties": {}}, "text is refused."),
    ],
)
def test_an_event_that_cannot_be_read(tmp_path: Path, read: dict[str, Any], words: str) -> None:
    read = {**read, "required": [name for name in read["required"] if name in read["properties"]]}
    told = refuse(tmp_path, writer=WRITER, reader=receive(read))
    assert told.startswith("reader cannot read note.written as writer sends it: ")
    assert words in told


def test_every_sender_must_fit(tmp_path: Path) -> None:
    other = {**NOTHING, "sends": {"note.written": make_payload()}}
    told = refuse(tmp_path, writer=WRITER, other=other, reader=receive(NOTE))
    assert told.startswith("reader cannot read note.written as other sends it: text is required")


ASKER = {**NOTHING, "asks": {"note.get": [NOTE, NOTE]}}


def test_a_request_that_fits(tmp_path: Path) -> None:
    compare(tmp_path, asker=ASKER, writer={**NOTHING, "answers": {"note.get": [NOTE, NOTE]}})


def test_a_request_that_nobody_answers(tmp_path: Path) -> None:
    told = refuse(tmp_path, asker=ASKER, writer=NOTHING)
    assert told.startswith("asker asks note.get, which no service of the system answers: ")


def test_a_request_that_cannot_be_read(tmp_path: Path) -> None:
    writer = {**NOTHING, "answers": {"note.get": [make_payload("id", id=TEXT), NOTE]}}
    told = refuse(tmp_path, asker=ASKER, writer=writer)
    assert told == "writer cannot read note.get as asker asks it: id is required."


def test_a_reply_that_cannot_be_read(tmp_path: Path) -> None:
    writer = {**NOTHING, "answers": {"note.get": [NOTE, make_payload()]}}
    told = refuse(tmp_path, asker=ASKER, writer=writer)
    assert told == "asker cannot read the reply to note.get as writer gives it: text is required."
