"""`./just new` remembers where a service comes from, as `cruft create` does."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import check, run
from tests.recipes import IDENTITY, commit
from tests.small_template import FOLDER, ROOT, make_template, run_module
from tools.origin import NAME, NoOriginError, find_origin, name_address

ANSWERS = {"description": 'say "hi" \\ {x} 🚀', "author": "it's us", "kubernetes": True}
GIVEN = ('description=say "hi" \\ {x} 🚀', "author=it's us", "kubernetes=true")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A small template that carries the real tool, in a repository of its own."""
    folder = make_template(tmp_path / "template", {"README.md": "one\n"})
    (folder / "tools").mkdir()
    for name in ("new.py", "origin.py"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    (folder / ".gitignore").write_text("__pycache__/\n")
    commit(folder)
    return folder


def new(template: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    """Render a service below a folder of its own."""
    made = template.parent / "made"
    made.mkdir(exist_ok=True)
    options = ("--no-input", "--output-dir", str(made), *answers)
    return run_module("tools.new", *options, home=template.parent, cwd=template)


def read_origin(template: Path) -> dict[str, Any]:
    """Return what the service remembers."""
    path = template.parent / "made/my-service" / NAME
    origin: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return origin


def test_it_is_what_cruft_writes(template: Path) -> None:
    home = template.parent
    assert new(template, *GIVEN).returncode == 0
    cruft = ("create", "--no-input", "--output-dir", str(home), str(template))
    result = run_module(
        "cruft", *cruft, "--extra-context", json.dumps(ANSWERS), home=home, cwd=home
    )
    assert result.returncode == 0, result.stderr
    ours, theirs = home / "made/my-service" / NAME, home / "my-service" / NAME
    assert ours.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")


def test_cruft_finds_nothing_to_update(template: Path) -> None:
    assert new(template).returncode == 0
    made = template.parent / "made/my-service"
    assert run_module("cruft", "check", home=template.parent, cwd=made).returncode == 0


URL = "https://example.com/template.git"


def clone(source: Path, folder: Path, *options: str) -> Path:
    """Clone a repository as others would, through no short cut."""
    check("git", "clone", "--quiet", *options, source.as_uri(), folder)
    return folder


def point(folder: Path, url: str) -> None:
    """Let the origin of a clone be elsewhere."""
    check("git", "remote", "set-url", "origin", url, cwd=folder)


def test_a_service_of_a_clone_remembers_where_the_clone_comes_from(
    template: Path, tmp_path: Path
) -> None:
    mine = clone(template, tmp_path / "mine")
    point(mine, URL)
    assert new(mine).returncode == 0
    assert read_origin(mine)["template"] == URL


def test_a_commit_that_only_this_folder_has_is_named_by_its_path(
    template: Path, tmp_path: Path
) -> None:
    mine = clone(template, tmp_path / "mine")
    point(mine, URL)
    (mine / FOLDER / "README.md").write_text("two\n")
    check("git", *IDENTITY, "commit", "--quiet", "--all", "--message", "two", cwd=mine)
    assert find_origin(mine).template == str(mine)


@pytest.mark.parametrize("options", [("--single-branch",), ("--depth", "1")])
def test_a_clone_of_one_tag_comes_from_its_origin(
    template: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    check("git", "tag", "v1.0.0", cwd=template)
    mine = clone(template, tmp_path / "mine", "--branch", "v1.0.0", *options)
    point(mine, URL)
    assert find_origin(mine).template == URL


def test_a_clone_of_a_clone_is_followed(template: Path, tmp_path: Path) -> None:
    first = clone(template, tmp_path / "first clone")
    second = clone(first, tmp_path / "second")
    assert find_origin(second).template == str(template)
    point(first, URL)
    assert find_origin(second).template == URL


@pytest.mark.parametrize("url", ["../shared.git", "{home}/shared.git", "file://{home}/shared.git"])
def test_an_origin_on_this_machine_is_named_by_its_whole_path(
    template: Path, tmp_path: Path, url: str
) -> None:
    clone(template, tmp_path / "shared.git", "--bare")
    mine = clone(template, tmp_path / "mine")
    point(mine, url.format(home=tmp_path))
    assert find_origin(mine).template == str(tmp_path / "shared.git")


def test_where_the_origin_is_gone_the_clone_is_named(template: Path, tmp_path: Path) -> None:
    mine = clone(template, tmp_path / "mine")
    point(mine, str(tmp_path / "gone.git"))
    assert find_origin(mine).template == str(mine)


def test_clones_of_each_other_are_followed_once(template: Path, tmp_path: Path) -> None:
    first, second = (clone(template, tmp_path / name) for name in ("first", "second"))
    point(first, str(second))
    point(second, str(first))
    assert find_origin(first).template == str(second)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://ann:secret@example.com/template.git", URL),
        ("https://secret@example.com/template.git", URL),
        ("ftps://ann:s%40ecret@example.com/template.git", "ftps://example.com/template.git"),
        ("ssh://git:secret@example.com:22/a.git", "ssh://git@example.com:22/a.git"),
        ("ssh://git@example.com/a.git", "ssh://git@example.com/a.git"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
    ],
)
def test_passwords_in_a_url_are_not_written(
    template: Path, tmp_path: Path, url: str, kept: str
) -> None:
    mine = clone(template, tmp_path / "mine")
    point(mine, url)
    assert find_origin(mine).template == kept
    assert name_address(url, find_origin(mine).commit) == kept


def test_an_address_that_is_typed_is_followed_too(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = clone(template, tmp_path / "mine")
    commit = find_origin(mine).commit
    monkeypatch.chdir(tmp_path)
    assert name_address("mine", commit) == str(template)
    point(mine, URL)
    assert name_address("mine", commit) == URL


def test_a_template_without_git_renders_what_cannot_be_updated(template: Path) -> None:
    shutil.rmtree(template / ".git")
    result = new(template)
    assert result.returncode == 0
    assert result.stderr == (
        "my-service cannot be updated from this template later: "
        "the template is not a git repository.\n"
    )
    made = template.parent / "made/my-service"
    assert made.is_dir()
    assert not (made / NAME).exists()


@pytest.mark.parametrize("path", [f"{FOLDER}/README.md", f"{FOLDER}/new.txt", "cookiecutter.json"])
def test_changes_of_the_template_that_are_not_committed_are_told(template: Path, path: str) -> None:
    with (template / path).open("a") as file:
        file.write("\n")
    result = new(template)
    assert result.returncode == 0
    assert "the template has changes that are not committed" in result.stderr
    assert not (template.parent / "made/my-service" / NAME).exists()


def test_other_files_of_the_repository_may_have_changed(template: Path) -> None:
    (template / "notes.txt").write_text("mine\n")
    assert find_origin(template).template == str(template)


def test_a_folder_inside_another_repository_is_none(template: Path, tmp_path: Path) -> None:
    shutil.rmtree(template / ".git")
    commit(tmp_path)
    with pytest.raises(NoOriginError, match="not a git repository"):
        find_origin(template)


def test_a_repository_without_a_commit_is_told(tmp_path: Path) -> None:
    run("git", "init", "--quiet", tmp_path)
    with pytest.raises(NoOriginError, match="no commit"):
        find_origin(tmp_path)


def test_a_later_commit_is_the_one_that_is_written(template: Path) -> None:
    (template / FOLDER / "README.md").write_text("two\n")
    check("git", *IDENTITY, "commit", "--quiet", "--all", "--message", "two", cwd=template)
    head = check("git", "rev-parse", "HEAD", cwd=template).strip()
    assert find_origin(template).commit == head
