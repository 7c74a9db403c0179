"""A system file with a mistake is refused in one sentence, and nothing is written."""

from pathlib import Path
from typing import Any

import pytest

from tests.documents import read_blocks
from tests.small_template import ROOT
from tests.system_files import READER, WRITER, write_files, write_notes, write_system
from tools.system import read
from tools.system.__main__ import main

PLAIN: dict[str, Any] = {"name": "writer", "port": 8101}
OTHER: dict[str, Any] = {"name": "reader", "port": 8102}


def refuse(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one sentence that refuses a file."""
    made = path.parent / "made"
    assert main([str(path), "--output-dir", str(made)]) == 2
    assert not made.exists()
    told = capsys.readouterr()
    assert told.out == ""
    (sentence,) = told.err.splitlines()
    assert sentence.startswith(str(path))
    return sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty: write name and services"),
        ("\n  \n", "is empty: write name and services"),
        ("# only a comment\n", "is no system file: write name and services"),
        ("- one\n", "is no system file: write name and services"),
        ("name: [a\n", "line 2: expected ',' or ']'"),
        ("name: *a\n", "line 1: found undefined alias"),
        ("\0", "it is no YAML"),
        ("name: notes\nname: notes\n", "line 2: name stands twice"),
    ],
)
def test_what_is_no_system_file(
    tmp_path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "system.yml"
    path.write_text(text)
    assert words in refuse(path, capsys)


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such file or directory" in refuse(tmp_path / "system.yml", capsys)


def test_bytes_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "system.yml"
    path.write_bytes(b"name: \xff\xfe")
    assert "is not UTF-8 text" in refuse(path, capsys)


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ([], "services cannot be read: write a list of services"),
        (["writer"], "service 1: services cannot be read"),
        ([{"port": 8101}], "service 1: name is missing"),
        ([{"name": "writer"}], "service writer: port is missing: write a number"),
        ([{**PLAIN, "port": "8101"}], "service writer: port cannot be read: write a number"),
        ([{**PLAIN, "port": 70000}], "service writer: port cannot be read: write a number"),
        ([{**PLAIN, "ports": 1}], 'service writer: "ports" is not known: write name, port, answer'),
        ([{**PLAIN, "name": "The Writer"}], 'service name "The Writer" cannot be used: write "the'),
        ([PLAIN, {**OTHER, "name": "writer"}], "two services are named writer: give each a name"),
        ([PLAIN, {**OTHER, "port": 8101}], "writer and reader both have port 8101: give each"),
        ([{**PLAIN, "answers": {"colour": "red"}}], '"colour" is no question: answer description'),
        ([{**PLAIN, "answers": {"service_name": "x"}}], "leave service_name out"),
        ([{**PLAIN, "answers": {"broker": "nats"}}], 'broker is "nats": write both, rabbitmq, ka'),
        ([{**PLAIN, "answers": {"author": 5}}], "service writer: author is 5: write it as text"),
        ([{**PLAIN, "answers": {"kubernetes": "true"}}], "write true or false"),
        (
            [{**PLAIN, "answers": {"kubernetes": True, "database": "sqlite"}}],
            "service writer: SQLite is a file on one machine",
        ),
        (
            [
                {**PLAIN, "answers": {"broker": "rabbitmq"}},
                {**OTHER, "answers": {"broker": "kafka"}},
            ],
            "writer is on rabbitmq and reader on kafka, so neither hears the other: choose one",
        ),
        (
            [
                {**PLAIN, "environment": {"BROKER_URL": "amqp://rabbitmq/"}},
                {**OTHER, "environment": {"BROKER_URL": "kafka://kafka:19092"}},
            ],
            "writer is on rabbitmq and reader on kafka, so neither hears the other: choose one",
        ),
        ([{**PLAIN, "name": "pg-notes"}], "the database server keeps this name for itself"),
        ([{**PLAIN, "name": "information-schema"}], "the database server keeps this name"),
        (
            [{**PLAIN, "name": "a" * 33, "answers": {"database": "mysql"}}],
            "MySQL's users have at most 32 characters: choose a shorter name",
        ),
        ([{**PLAIN, "overlays": "writer"}], "overlays cannot be read: write a list of folders"),
        ([{**PLAIN, "overlays": ["gone"]}], 'the overlay "gone" is no folder beside the file'),
        ([{**PLAIN, "overlays": [""]}], 'the overlay "" is no folder beside the file'),
        ([{**PLAIN, "overlays": ["system.yml"]}], 'the overlay "system.yml" is no folder'),
        ([{**PLAIN, "environment": {"A B": "1"}}], "environment.A B cannot be read: write settin"),
        ([{**PLAIN, "environment": {"A": None}}], "environment.A cannot be read: write settings"),
    ],
)
def test_services_that_cannot_be(
    tmp_path: Path, services: list[Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refuse(write_system(tmp_path, *services), capsys)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"version": 3}, '"version" is not known: write name, services'),
        ({"name": "Two Words"}, 'name "Two Words" cannot be used: write "two-words"'),
    ],
)
def test_a_system_that_cannot_be(
    tmp_path: Path, more: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refuse(write_system(tmp_path, PLAIN, **more), capsys)


def test_what_is_left_out_is_the_default(tmp_path: Path) -> None:
    (service,) = read(write_system(tmp_path, PLAIN)).services
    assert service.overlays == []
    assert service.answers["interface"] == "api-and-worker"
    assert service.answers["database"] == "postgresql"
    assert service.answers["service_name"] == "writer"


def test_a_date_is_text(tmp_path: Path) -> None:
    write_files(tmp_path, {"system.yml": DATED})
    (service,) = read(tmp_path / "system.yml").services
    assert service.answers["description"] == "2026-11-20"


DATED = """\
name: notes
services:
  - name: writer
    port: 8101
    answers:
      description: 2026-11-20
"""


def test_the_file_in_the_document_is_read(tmp_path: Path) -> None:
    blocks = read_blocks(ROOT / "docs/systems.md")
    (text,) = (block.text for block in blocks if block.language == "yaml")
    write_files(tmp_path, {"system.yml": text})
    for overlay in ("orders", "common", "gateway"):
        (tmp_path / overlay).mkdir()
    assert read(tmp_path / "system.yml").name == "shop"


def test_a_system_of_two_is_read(tmp_path: Path) -> None:
    system = read(write_notes(tmp_path))
    assert [each.name for each in system.services] == [WRITER["name"], READER["name"]]
    assert system.broker == "rabbitmq"
