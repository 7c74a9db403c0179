"""A service that its team has taken over is updated by `./just system`, and never made again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import check, clean_environment
from tests.recipes import commit, share_tools
from tests.small_template import FOLDER, ROOT
from tests.system_files import (
    READER,
    WRITER,
    read_files,
    write_files,
    write_notes,
    write_system,
)
from tools.system import building, read

pytestmark = pytest.mark.slow

CLOCK = "app/utils/clock.py"
OLD = '"""The present moment, in one place, so that tests can set it."""'
NEW = '"""The present moment, as the second version tells it."""'
TEAM = "README.md"
CHANGED = {**WRITER, "answers": {**WRITER["answers"], "ci": "github"}}
OTHER = {**WRITER, "name": "editor", "port": 8103}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two versions of the template, the second one checked out."""
    folder = tmp_path_factory.mktemp("template")
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in ("hooks", "tools", FOLDER):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("cookiecutter.json", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    (folder / "build").mkdir()
    (folder / "build/environments").symlink_to(ROOT / "build/environments")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def grown(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a system of the first version, whose writer has a repository of its own."""
    (ROOT / "build/environments").mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("notes")
    write_notes(home)
    said = run_system(home, template)
    assert said.returncode == 0, said.stderr
    writer = home / "made/notes/writer"
    write_files(writer, {TEAM: "# Ours\n"})
    commit(writer)
    path = template / FOLDER / CLOCK
    text = path.read_text(encoding="utf-8")
    path.write_text(NEW + text[text.index("\n") :], encoding="utf-8")
    commit(template)
    return home


@pytest.fixture
def home(grown: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(grown, tmp_path / "home", symlinks=True))


@pytest.fixture(scope="module")
def updated(grown: Path, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system after a run of the second version, with one more service and another answer."""
    home = tmp_path_factory.mktemp("updated") / "home"
    shutil.copytree(grown, home, symlinks=True)
    write_system(home, CHANGED, READER, OTHER)
    done = run_system(home, template)
    assert done.returncode == 0, done.stderr
    (home / "said").write_text(done.stdout)
    return home


@pytest.fixture(scope="module")
def again(updated: Path, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system after its people have committed all, taken a service out and run it again."""
    home = tmp_path_factory.mktemp("again") / "home"
    shutil.copytree(updated, home, symlinks=True)
    for name in ("writer", "editor"):
        commit(home / "made/notes" / name)
    write_system(home, CHANGED, READER)
    done = run_system(home, template)
    assert done.returncode == 0, done.stderr
    (home / "said").write_text(done.stdout)
    return home


def run_system(home: Path, template: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command of a template, without the checks of services unless told otherwise."""
    command = [sys.executable, "-m", "tools.system", "system.yml", "--output-dir", "made"]
    return subprocess.run(
        [*command, *(options or ("--no-check",))],
        cwd=home,
        env=clean_environment(PYTHONPATH=str(template), **share_tools()),
        capture_output=True,
        text=True,
        check=False,
    )


def read_clock(home: Path, service: str) -> str:
    """Return the first line of a file that the second version changes."""
    return (home / "made/notes" / service / CLOCK).read_text(encoding="utf-8").splitlines()[0]


def commit_edit(home: Path, name: str, text: str) -> None:
    """Let the team of the writer change a file of its repository."""
    write_files(home / "made/notes/writer", {name: text})
    commit(home / "made/notes/writer")


def read_work_tree(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without what git keeps for itself."""
    files = read_files(folder)
    return {name: content for name, content in files.items() if ".git" not in Path(name).parts}


def check_left(home: Path, template: Path, *options: str) -> list[str]:
    """Check that all is made but for the writer, and return what is said of those left."""
    writer = home / "made/notes/writer"
    before = read_work_tree(writer)
    done = run_system(home, template, *options)
    assert done.returncode == 1, done.stderr
    assert "editor" in (home / "made/notes/docker-compose.yml").read_text()
    assert read_work_tree(writer) == before
    first, *lines = done.stderr.strip().splitlines()
    assert first == "made/notes is made, but not all is new there:"
    return lines


def test_it_gets_the_new_version_and_keeps_what_is_its_teams(updated: Path, template: Path) -> None:
    writer = updated / "made/notes/writer"
    assert [read_clock(updated, name) for name in ("writer", "reader")] == [NEW, NEW]
    assert (writer / TEAM).read_text() == "# Ours\n"
    head = check("git", "rev-parse", "HEAD", cwd=template).strip()
    assert json.loads((writer / ".cruft.json").read_text())["commit"] == head
    assert "writer: goes from 0.0.0" in (updated / "said").read_text()


def test_its_changes_are_there_to_be_committed(updated: Path) -> None:
    changed = check("git", "status", "--porcelain", cwd=updated / "made/notes/writer")
    assert f"M  {CLOCK}\n" in changed
    assert all(line[0] in "AM" and line[1] == " " for line in changed.splitlines())


def test_the_record_counts_none_of_its_files(updated: Path) -> None:
    record = json.loads((updated / "made/notes/.system.json").read_text())
    folders = {Path(path).parts[0] for path in record}
    assert {"docker-compose.yml", "editor", "reader"} <= folders
    assert "writer" not in folders


def test_services_that_are_made_can_be_updated_later(updated: Path, template: Path) -> None:
    head = check("git", "rev-parse", "HEAD", cwd=template).strip()
    for name in ("reader", "editor"):
        origin = json.loads((updated / "made/notes" / name / ".cruft.json").read_text())
        assert (origin["template"], origin["commit"]) == (str(template), head)
        assert origin["context"]["cookiecutter"]["service_name"] == name


def test_what_could_not_be_updated_later_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "TEMPLATE", home)
    lines: list[str] = []
    building.report_origin(read(home / "system.yml"), ["writer"], lines.append)
    building.report_origin(read(home / "system.yml"), ["reader", "writer"], lines.append)
    assert lines == [
        "notes: what is rendered cannot be updated later: the template is not a git repository."
    ]


def test_a_service_is_added_beside_it(updated: Path) -> None:
    assert read_clock(updated, "editor") == NEW
    compose = (updated / "made/notes/docker-compose.yml").read_text()
    assert "build: ./editor" in compose
    assert "build: ./writer" in compose


def test_its_answers_change_with_the_system_file(updated: Path) -> None:
    assert (updated / "made/notes/writer/.github/workflows/ci.yml").is_file()


def test_once_it_is_new_a_run_changes_nothing(updated: Path, again: Path) -> None:
    assert "writer: is up to date." in (again / "said").read_text()
    writers = (home / "made/notes/writer" for home in (updated, again))
    before, after = map(read_work_tree, writers)
    assert before == after


def test_a_service_that_is_in_the_file_no_more_stays(again: Path) -> None:
    said = (again / "said").read_text()
    assert "editor: is in the file no more; made/notes/editor, a repository, stays" in said
    assert read_clock(again, "editor") == NEW
    assert "editor" not in (again / "made/notes/docker-compose.yml").read_text()


def test_its_messages_are_read_from_its_code_and_a_refused_system_updates_nothing(
    home: Path, template: Path
) -> None:
    events = "app/domain/events.py"
    text = (home / "made/notes/writer" / events).read_text()
    commit_edit(home, events, text.replace("note.written", "note.made"))
    before = read_work_tree(home / "made/notes")
    done = run_system(home, template)
    assert done.returncode == 2
    assert done.stderr.startswith("reader listens to note.written, which no service of the system")
    assert read_work_tree(home / "made/notes") == before


def test_a_file_that_both_changed_leaves_it_as_it_was(home: Path, template: Path) -> None:
    text = (home / "made/notes/writer" / CLOCK).read_text()
    commit_edit(home, CLOCK, '"""Our moment."""' + text[text.index("\n") :])
    write_system(home, WRITER, READER, OTHER)
    assert check_left(home, template) == [
        "writer stays as it was: The team and the template have changed the same in "
        f"{CLOCK}: `./just template-update` in made/notes/writer shows both sides."
    ]
    assert read_clock(home, "reader") == NEW


def test_red_checks_leave_it_as_it_was(home: Path, template: Path) -> None:
    commit_edit(home, "app/domain/rules.py", "import os\n")
    write_system(home, WRITER, READER, OTHER)
    (line,) = check_left(home, template, "--output-dir", "made")
    assert line.startswith("writer stays as it was: The service's checks fail")


def test_each_that_stays_as_it_was_is_told(home: Path, template: Path) -> None:
    reader = home / "made/notes/reader"
    (reader / ".cruft.json").unlink()
    commit(reader)
    write_files(home / "made/notes/writer", {"app/domain/rules.py": '"""Rules."""\n'})
    write_system(home, WRITER, READER, OTHER)
    one, other = check_left(home, template)
    assert one.startswith("writer stays as it was: ")
    assert "changes that are not committed (app/domain/rules.py)" in one
    assert other.startswith("reader stays as it was: made/notes/reader/.cruft.json,")
    assert read_clock(home, "reader") == OLD
