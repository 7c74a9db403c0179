"""`./just release` makes a commit and a tag of what is ready, and refuses the rest."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.programs import check
from tests.recipes import commit
from tests.small_template import FOLDER, ROOT
from tools.interface import RECORD
from tools.release import UNRELEASED, ReleaseRefusedError, main, release, release_pins
from tools.versions import Version, parse, read_version

CHANGELOG = """\
# Changelog

What users notice.

## Unreleased

### Added

- A lamp.

## 0.0.0 - 2026-01-01

- Nothing.
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template of which nothing but what a release changes is there."""
    folder = tmp_path / "template"
    (folder / "tests").mkdir(parents=True)
    questions = (ROOT / "cookiecutter.json").read_text(encoding="utf-8")
    questions = questions.replace(f'"{read_version(ROOT)}"', '"1.2.3"')
    (folder / "cookiecutter.json").write_text(questions, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    shutil.copy(ROOT / RECORD, folder / RECORD)
    commit(folder)
    check("git", "config", "user.name", "Tester", cwd=folder)
    check("git", "config", "user.email", "tester@example.com", cwd=folder)
    check("git", "tag", "v1.2.3", cwd=folder)
    return folder


def edit(template: Path, name: str, old: str, new: str) -> None:
    """Change a file and commit it."""
    path = template / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    check("git", "commit", "--quiet", "--all", "--message", "edit", cwd=template)


def refuse(version: str, template: Path) -> str:
    """Return the sentence that refuses a release, and check that nothing has changed."""
    before = read_state(template)
    with pytest.raises(ReleaseRefusedError) as refusal:
        release(version, template)
    assert read_state(template) == before
    return str(refusal.value)


def read_state(template: Path) -> tuple[str, ...]:
    """Return all that a release changes."""
    commands = (("rev-parse", "HEAD"), ("tag", "--list"), ("status", "--porcelain"), ("diff",))
    return tuple(check("git", *command, cwd=template) for command in commands)


@pytest.mark.parametrize("version", ["1.2.4", "1.3.0"])
def test_a_release_is_a_commit_and_a_tag(template: Path, version: str) -> None:
    assert str(release(version, template)) == version
    assert check("git", "log", "--format=%s", "-1", cwd=template) == f"chore: release {version}\n"
    tagged = check("git", "rev-parse", f"v{version}^{{commit}}", cwd=template)
    assert tagged == check("git", "rev-parse", "HEAD", cwd=template)
    assert check("git", "status", "--porcelain", cwd=template) == ""


def test_renders_of_it_carry_its_version_and_nothing_else_is_changed(template: Path) -> None:
    before = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    release("1.3.0", template)
    after = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    assert after == {**before, "__version": "1.3.0"}


def test_what_was_unreleased_stands_under_the_version_and_the_day(template: Path) -> None:
    release("1.3.0", template)
    today = datetime.now(UTC).date()
    added = f"## Unreleased\n\n## 1.3.0 - {today}\n\n### Added\n\n- A lamp.\n\n## 0.0.0"
    text = (template / "CHANGELOG.md").read_text()
    assert text == CHANGELOG.replace("## Unreleased\n\n### Added\n\n- A lamp.\n\n## 0.0.0", added)


@pytest.mark.parametrize("version", ["1.2.3", "1.2.5", "1.4.0", "3.0.0", "1.3", "v1.3.0", "new"])
def test_a_version_that_cannot_come_next(template: Path, version: str) -> None:
    assert refuse(version, template) == (
        f'"{version}" cannot follow 1.2.3: release 1.2.4, 1.3.0 or 2.0.0.'
    )


def test_changes_that_are_not_committed(template: Path) -> None:
    (template / "notes.txt").write_text("mine")
    assert refuse("1.3.0", template).startswith("Something here is not committed")


@pytest.mark.parametrize("changes", ["### Added\n\n- A lamp.\n", "- A lamp.\n"])
def test_nothing_to_release(template: Path, changes: str) -> None:
    edit(template, "CHANGELOG.md", changes, "")
    assert refuse("1.3.0", template) == (
        "CHANGELOG.md has nothing under Unreleased: write what users will notice."
    )


@pytest.mark.parametrize("version", ["1.2.4", "1.3.0"])
def test_a_break_under_a_number_that_promises_none(template: Path, version: str) -> None:
    edit(template, RECORD, "recipe audit\n", "")
    assert refuse(version, template).startswith(
        f"{version} would break services: recipe audit is gone (in "
    )


def test_a_major_version_needs_its_note(template: Path) -> None:
    edit(template, RECORD, "recipe audit\n", "")
    assert refuse("2.0.0", template).startswith(
        "A major version needs docs/upgrades/2.0.0.md: write what a team changes"
    )
    note = template / "docs/upgrades/2.0.0.md"
    note.parent.mkdir(parents=True)
    note.write_text("Before: `./just audit`. After: `./just look`.\n")
    check("git", "add", "--all", cwd=template)
    check("git", "commit", "--quiet", "--message", "note", cwd=template)
    release("2.0.0", template)


def test_the_first_release_has_nothing_that_it_could_break(template: Path) -> None:
    check("git", "tag", "--delete", "v1.2.3", cwd=template)
    edit(template, "cookiecutter.json", '"1.2.3"', '"0.0.0"')
    release("1.0.0", template)


def test_the_last_release_is_there_to_be_compared_with(template: Path) -> None:
    check("git", "tag", "--delete", "v1.2.3", cwd=template)
    assert refuse("1.3.0", template) == (
        "The tag v1.2.3 of the last release is not here: fetch the tags of the origin."
    )


def test_a_tag_that_is_there_already(template: Path) -> None:
    check("git", "tag", "v1.3.0", cwd=template)
    assert (
        refuse("1.3.0", template) == "The tag v1.3.0 is there already: delete it, or go on from it."
    )


def test_a_commit_that_git_refuses_leaves_everything_as_it_was(template: Path) -> None:
    hook = template / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    assert refuse("1.3.0", template) == "git commit failed: no"


def test_a_refusal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_versions_sort_as_versions() -> None:
    assert (parse("1.9.9"), parse("1.10.0")) == (Version(1, 9, 9), Version(1, 10, 0))
    assert Version(1, 10, 0) > Version(1, 9, 9)
    assert parse("01.0.0") is None


PINNED = f"{FOLDER}/constraints.txt"


@pytest.fixture
def released(template: Path) -> Path:
    """A released template with pins, on a branch where nothing else has changed."""
    (template / FOLDER).mkdir()
    (template / PINNED).write_text("# Pins.\nanyio==1.0\nidna==3.18\n")
    check("git", "add", "--all", cwd=template)
    check("git", "commit", "--quiet", "--message", "pins", cwd=template)
    release("1.3.0", template)
    return template


def raise_idna(upgrade: list[str], template: Path) -> None:
    """Raise a library, if it is to be raised."""
    if upgrade in (["*"], ["idna"]):
        path = template / PINNED
        path.write_text(path.read_text().replace("3.18", "3.20"))


@pytest.mark.parametrize("packages", [[], ["idna"]])
def test_a_release_of_pins_is_one_command(released: Path, packages: list[str]) -> None:
    assert str(release_pins(packages, released, raise_idna)) == "1.3.1"
    assert str(read_version(released)) == "1.3.1"
    assert check("git", "tag", "--list", "v1.3.1", cwd=released) == "v1.3.1\n"
    changed = set(check("git", "diff", "--name-only", "v1.3.0", cwd=released).split())
    assert changed == {"CHANGELOG.md", "cookiecutter.json", PINNED}
    changelog = (released / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, patch, _ = changelog.split("\n## ", 3)[1:]
    assert unreleased == "Unreleased\n"
    assert patch.startswith("1.3.1 - ")
    assert patch.endswith("- Pins: idna 3.20.\n")


def refuse_pins(template: Path, packages: list[str]) -> str:
    """Return the sentence that refuses a release of pins, and check that nothing has changed."""
    before = read_state(template)
    with pytest.raises(ReleaseRefusedError) as refusal:
        release_pins(packages, template, raise_idna)
    assert read_state(template) == before
    return str(refusal.value)


def test_pins_that_stay_are_no_release(released: Path) -> None:
    told = "No pin has changed, so there is nothing to release."
    assert refuse_pins(released, ["anyio"]) == told


def test_pins_are_not_released_with_anything_else(released: Path) -> None:
    edit(released, "CHANGELOG.md", UNRELEASED, f"{UNRELEASED}\n- Another lamp.\n")
    told = refuse_pins(released, [])
    assert "More than pins would be released: CHANGELOG.md has changed since v1.3.0." in told
    assert told.endswith("git switch --create pins v1.3.0.")


def test_pins_of_what_was_never_released(released: Path) -> None:
    check("git", "tag", "--delete", "v1.3.0", cwd=released)
    assert "The tag v1.3.0, whose pins would be raised, is not here" in refuse_pins(released, [])


def test_pins_that_cannot_be_raised_change_nothing(released: Path) -> None:
    def fail(_: list[str], template: Path) -> None:
        (template / PINNED).write_text("half of it")
        raise SystemExit("pins: no such library")

    before = read_state(released)
    with pytest.raises(SystemExit):
        release_pins([], released, fail)
    assert read_state(released) == before
