"""A run replaces what the last one made, keeps what is somebody's, and loses no work."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_template import ROOT
from tests.system_files import read_files, write_files
from tools.system import record
from tools.system.errors import SystemRefusedError
from tools.system.placing import list_removed, place

IGNORED = ".env\n.venv/\n__pycache__/\n*.db\n"
FIRST = {
    "docker-compose.yml": "one",
    "writer/.gitignore": IGNORED,
    "writer/app/main.py": "one",
    "writer/app/old/gone.py": "one",
    "writer/pyproject.toml": "",
}
SECOND = {**FIRST, "writer/app/main.py": "two", "writer/app/new/come.py": "two"}
del SECOND["writer/app/old/gone.py"]
LOCAL = {
    "docker-compose.override.yml": "mine",
    "writer/.env": "mine",
    "writer/.venv/bin/python": "mine",
    "writer/app/old/__pycache__/gone.pyc": "made",
    "writer/service.db": "mine",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A system as its first run and its people have left it."""
    make(tmp_path, FIRST)
    write_files(tmp_path / "notes", LOCAL)
    return tmp_path / "notes"


def make(home: Path, files: dict[str, str]) -> None:
    write_files(home / "draft", files)
    place(home / "draft", home / "notes")


def test_what_changed_is_replaced_and_what_is_left_out_disappears(folder: Path) -> None:
    make(folder.parent, SECOND)
    texts = {name: content.decode() for name, content in read_files(folder).items()}
    del texts[".system.json"]
    kept = {name: text for name, text in LOCAL.items() if "__pycache__" not in name}
    assert texts == {**SECOND, **kept}
    assert not (folder / "writer/app/old").exists()


def test_what_is_the_same_is_not_touched(folder: Path) -> None:
    before = (folder / "docker-compose.yml").stat()
    make(folder.parent, SECOND)
    assert (folder / "docker-compose.yml").stat().st_ino == before.st_ino


def test_a_file_takes_the_place_of_a_folder_and_back(folder: Path) -> None:
    for files in ({**FIRST, "writer/docs": "one"}, {**FIRST, "writer/docs/a.md": "two"}) * 2:
        for path in (folder.parent / "draft").rglob("*"):
            if path.is_file():
                path.unlink()
        if (folder.parent / "draft/writer/docs").is_dir():
            (folder.parent / "draft/writer/docs").rmdir()
        make(folder.parent, files)
        assert {name for name in read_files(folder) if "docs" in name} == set(files) - set(FIRST)


def test_a_program_stays_one(folder: Path) -> None:
    write_files(folder.parent / "draft", SECOND)
    (folder.parent / "draft/writer/app/main.py").chmod(0o755)
    place(folder.parent / "draft", folder)
    assert (folder / "writer/app/main.py").stat().st_mode & 0o111


def test_untouched_folders_are_fine(folder: Path, tmp_path: Path) -> None:
    assert set(record.check_untouched(folder, ["writer"])) == set(FIRST)
    assert record.check_untouched(tmp_path / "nowhere", ["writer"]) == {}


@pytest.mark.parametrize("path", ["writer/app/main.py", "writer/app/mine.py", "docker-compose.yml"])
def test_work_that_would_be_lost_is_named(folder: Path, path: str) -> None:
    write_files(folder, {path: "mine"})
    with pytest.raises(SystemRefusedError, match=f"changed or added {path}: move that to an over"):
        record.check_untouched(folder, ["writer"])


def test_a_deleted_file_comes_back(folder: Path) -> None:
    (folder / "writer/app/main.py").unlink()
    record.check_untouched(folder, ["writer"])
    make(folder.parent, SECOND)
    assert (folder / "writer/app/main.py").read_text() == "two"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"mine.txt": ""}, "was not made by this command: move it away"),
        ({".system.json": "{"}, "is damaged: move"),
        ({".system.json": "[]"}, "is damaged: move"),
    ],
)
def test_a_folder_of_somebody_else(tmp_path: Path, files: dict[str, str], words: str) -> None:
    write_files(tmp_path / "notes", files)
    with pytest.raises(SystemRefusedError, match=words):
        record.check_untouched(tmp_path / "notes", [])


KILLED = """
import os, signal, sys
from pathlib import Path
from tools.system import placing

real, count = placing.replace, 0
def replace(source, target):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), getattr(signal, sys.argv[2]))
    real(source, target)

placing.replace = replace
home = Path(sys.argv[1])
placing.place(home / "draft", home / "notes")
"""


@pytest.mark.parametrize("kind", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_run_that_is_ended_while_it_places_is_made_good_by_the_next(
    folder: Path, kind: str
) -> None:
    write_files(folder.parent / "draft", SECOND)
    command = [sys.executable, "-c", KILLED, str(folder.parent), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode != 0
    # Signals that can wait do: then everything is in its place.
    complete = json.loads((folder / ".system.json").read_text()).keys() == SECOND.keys()
    assert complete == (kind != "SIGKILL")
    record.check_untouched(folder, ["writer"])
    make(folder.parent, SECOND)
    assert json.loads((folder / ".system.json").read_text()).keys() == SECOND.keys()
    assert (folder / "writer/app/main.py").read_text() == "two"
    assert not (folder / "writer/app/old").exists()


def test_a_service_that_is_in_the_file_no_more(folder: Path) -> None:
    before = record.read(folder)
    assert list_removed(before, ["writer"]) == []
    assert list_removed(before, []) == ["writer"]
    rest = {"docker-compose.yml": "two"}
    for path in (folder.parent / "draft").rglob("*.*"):
        if path.is_file():
            path.unlink()
    make(folder.parent, rest)
    kept = {name for name in read_files(folder) if name.startswith("writer")}
    assert kept == {"writer/.env", "writer/.venv/bin/python", "writer/service.db"}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
