"""`./just system` makes a system of its file, again and again, and nothing half done."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import check, clean_environment, find_program
from tests.recipes import share_tools
from tests.small_template import ROOT
from tests.system_files import (
    ANSWER,
    HANDLER,
    IMPORTS,
    READER,
    RECEIVED,
    REQUEST,
    SENT,
    WRITER,
    read_files,
    write_files,
    write_notes,
    write_system,
)
from tools.system import SystemRefusedError, build
from tools.system.environments import prepare

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a system that has been made; tests take a copy."""
    home = tmp_path_factory.mktemp("notes")
    lines: list[str] = []
    build(write_notes(home), home / "made", lines.append)
    (home / "said").write_text("\n".join(lines))
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home", symlinks=True))


def build_again(home: Path) -> list[str]:
    """Run it once more and return what it said."""
    lines: list[str] = []
    assert build(home / "system.yml", home / "made", lines.append) == home / "made/notes"
    return lines


def read_made(home: Path) -> dict[str, bytes]:
    """Return what has been made, without the passwords that are other ones in every system."""
    files = read_files(home / "made/notes")
    return {name: content for name, content in files.items() if name != ".env"}


def refuse(home: Path) -> str:
    """Return the sentence that refuses the system, and check that all is as it was."""
    before = read_files(home / "made/notes")
    with pytest.raises(SystemRefusedError) as refusal:
        build_again(home)
    assert read_files(home / "made/notes") == before
    assert list_drafts(home) == []
    return str(refusal.value)


def list_drafts(home: Path) -> list[Path]:
    return list((home / "made").glob(".*.draft-*"))


def test_every_step_of_every_service_is_told(built: Path) -> None:
    lines = (built / "said").read_text().splitlines()
    for name in ("writer", "reader"):
        words = ("rendering", f"laying {name} over it", "installing", "reading its messages")
        for line, word in zip([each for each in lines if name in each], words, strict=False):
            assert line.startswith(f"{name}: {word}")
    assert lines[-2:] == [
        "notes: comparing messages ...",
        f"notes: writing {built}/made/notes ...",
    ]


def test_overlays_stand_in_the_place_of_the_starter(built: Path) -> None:
    writer, reader = (built / "made/notes" / name for name in ("writer", "reader"))
    assert (writer / "app/domain/events.py").read_text() == SENT
    assert (reader / "app/tasks/consumer.py").read_text() == HANDLER
    assert "lamp" not in (writer / "app/api/router.py").read_text()
    assert not list(reader.glob("tests/service/test_*.py"))


def test_a_service_passes_its_own_checks(home: Path) -> None:
    for name in ("writer", "reader"):
        service = home / "made/notes" / name
        python = prepare(service)
        check(Path(sys.executable).parent / "ruff", "check", "--no-cache", cwd=service)
        check(python, "-m", "app.commands.settings", "--check", cwd=service)


def test_a_second_run_changes_nothing(home: Path) -> None:
    write_files(home / "made/notes", {"writer/.env": "LOG_LEVEL=DEBUG\n"})
    before = read_files(home / "made/notes")
    build_again(home)
    assert read_files(home / "made/notes") == before


def test_a_changed_system_is_what_a_fresh_run_makes(home: Path, tmp_path: Path) -> None:
    local = {"writer/.env": "mine", "writer/service.db": "mine", ".env": "RABBITMQ_PASSWORD=mine\n"}
    write_files(home / "made/notes", local)
    write_files(home, {"writer/app/domain/rules.py": '"""Rules."""\n'})
    build_again(home)
    (home / "writer/app/domain/rules.py").unlink()
    write_files(home, {"writer/README.md": "# Ours\n"})
    write_system(home, {**WRITER, "port": 8111}, READER)
    build_again(home)
    made = home / "made/notes"
    for name, text in local.items():
        assert (made / name).read_text() == text
    for name in ("writer/.env", "writer/service.db"):
        (made / name).unlink()
    shutil.copytree(home, tmp_path / "fresh", ignore=shutil.ignore_patterns("made"))
    build_again(tmp_path / "fresh")
    assert read_made(home) == read_made(tmp_path / "fresh")


def test_a_service_comes_and_goes(home: Path) -> None:
    other = {**WRITER, "name": "editor", "port": 8103}
    write_system(home, WRITER, READER, other)
    build_again(home)
    write_files(home / "made/notes", {"editor/.venv/bin/python": ""})
    write_system(home, WRITER, READER)
    assert build_again(home)[-1] == "editor: removed, for it is in the file no more."
    assert not (home / "made/notes/editor").exists()
    assert "editor" not in (home / "made/notes/docker-compose.yml").read_text()


def test_what_a_removed_service_leaves_is_told(home: Path) -> None:
    write_files(home / "made/notes", {"writer/.env": "mine"})
    write_system(home, {**WRITER, "name": "author"}, READER)
    told = build_again(home)[-1]
    assert told.startswith("writer: removed, for it is in the file no more; ")
    assert told.endswith("writer still holds .env.")


def test_work_in_the_made_folder_is_not_lost(home: Path) -> None:
    write_files(home / "made/notes", {"writer/app/domain/service.py": "mine"})
    assert "changed or added writer/app/domain/service.py: move that" in refuse(home)


def test_an_event_without_a_sender(home: Path) -> None:
    write_system(home, READER)
    assert refuse(home) == (
        "reader listens to note.written, which no service of the system sends (writer, it says): "
        "declare the event in the app/domain/events.py of its sender."
    )


def test_an_event_that_cannot_be_read(home: Path) -> None:
    write_files(home, {"reader/app/domain/events.py": RECEIVED.replace("text: str", "text: int")})
    assert refuse(home) == (
        "reader cannot read note.written as writer sends it: "
        "text is sent as string and read as integer."
    )


def test_requests_have_somebody_who_answers_them(home: Path) -> None:
    asks = SENT.replace("\nfrom app.utils.m", f"\n{IMPORTS}from app.utils.m", 1) + REQUEST
    write_files(home, {"writer/app/domain/events.py": asks})
    assert refuse(home).startswith("writer asks note.get, which no service of the system answers")
    answers = asks.replace('"note.written"', '"note.written", sent_by="writer"')
    handler = HANDLER.replace("import NoteWritten", "import GetNote, Note, NoteWritten") + ANSWER
    write_files(home, {"reader/app/tasks/consumer.py": handler})
    other = answers.replace("note_id: int", "note_id: str")
    write_files(home, {"reader/app/domain/events.py": other})
    told = "reader cannot read note.get as writer asks it: note_id is sent as integer and read as"
    assert refuse(home).startswith(told)
    write_files(home, {"reader/app/domain/events.py": answers})
    build_again(home)


def test_code_that_cannot_be_imported(home: Path) -> None:
    write_files(home, {"reader/app/tasks/consumer.py": "import nothing_of_that_name\n"})
    assert refuse(home).startswith("reader does not tell its ")
    write_files(home, {"reader/app/tasks/consumer.py": HANDLER})
    write_files(home, {"writer/requirements-service.txt": "./no-folder-of-this-name\n"})
    assert refuse(home).startswith("The libraries of writer could not be locked: ")


def test_a_file_of_the_template_in_an_overlay(home: Path) -> None:
    write_files(home, {"reader/app/worker_main.py": "", "reader/justfile": ""})
    assert "take out app/worker_main.py, justfile;" in refuse(home)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_what_was_there(home: Path, kind: signal.Signals) -> None:
    write_files(home, {"writer/README.md": "# Ours\n"})
    before = read_files(home / "made/notes")
    command = [sys.executable, "-m", "tools.system", "system.yml", "--output-dir", "made"]
    process = subprocess.Popen(
        command,
        cwd=home,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("reader: rendering"):
            assert process.poll() is None
        # What it has started dies with it, as at a terminal.
        os.killpg(process.pid, kind)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert read_files(home / "made/notes") == before
    build_again(home)
    assert list_drafts(home) == []
    assert (home / "made/notes/writer/README.md").read_text() == "# Ours\n"


def test_the_recipe_takes_a_path_from_where_it_is_called(home: Path) -> None:
    just = find_program("just")
    recipe = (just, "--justfile", ROOT / "justfile", "system", "system.yml", "--output-dir", "made")
    said = check(*recipe, cwd=home, **share_tools())
    assert "made/notes is ready. Start it: cd made/notes && docker compose up" in said
    (home / "system.yml").write_text("")
    done = subprocess.run(
        list(map(str, recipe)),
        cwd=home,
        env=clean_environment(**share_tools()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "system.yml is empty: write name and services into it.\n"
