"""What cannot be updated is refused in one sentence that says what to do, and stays as it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.template_versions import LINES, Versions, commit, git, snapshot
from tools.updates import UpdateRefusedError

SECOND = {"app/core.py": LINES.replace("line_3 = 3", "line_3 = 33")}


def refuse(versions: Versions, **options: object) -> str:
    """Try to update; return the sentence of the refusal."""
    with pytest.raises(UpdateRefusedError) as refusal:
        versions.update(**options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def make_dirty(versions: Versions) -> None:
    (versions.service / "app/core.py").write_text("ours\n")


def make_unknown(versions: Versions) -> None:
    (versions.service / "notes.txt").write_text("ours\n")


def delete_git(versions: Versions) -> None:
    shutil.rmtree(versions.service / ".git")


def delete_commits(versions: Versions) -> None:
    delete_git(versions)
    git(versions.service, "init", "--quiet")


def ignore_service(versions: Versions) -> None:
    delete_git(versions)
    (versions.service.parent / ".gitignore").write_text("my-service\ntemplate\n")
    commit(versions.service.parent)


def delete_state(versions: Versions) -> None:
    versions.edit({".cruft.json": None})


def damage_state(versions: Versions) -> None:
    versions.edit({".cruft.json": "<<<<<<< HEAD\n"})


def empty_state(versions: Versions) -> None:
    versions.edit({".cruft.json": "{}\n"})


def forget_commit(versions: Versions) -> None:
    text = versions.read(".cruft.json")
    versions.edit({".cruft.json": text.replace(versions.state()["commit"], "0" * 40)})


def damage_project(versions: Versions) -> None:
    versions.edit({"pyproject.toml": "[project\n"})


def start_work(versions: Versions) -> bool:
    make_unknown(versions)
    return True


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (make_dirty, "not committed (app/core.py): commit or stash them first"),
        (make_unknown, "not committed (notes.txt): commit or stash them first"),
        (delete_git, "is in no git repository: git init, git add and git commit it first"),
        (delete_commits, "git add and git commit the service first"),
        (ignore_service, "git add and git commit the service first"),
        (delete_state, "`./just template-update --link TEMPLATE` writes .cruft.json again"),
        (damage_state, "is not JSON (Expecting value: line 1 column 1 (char 0)): take it from git"),
        (empty_state, "lacks the template, the commit or the answers: take it from git again"),
        (forget_commit, "The template no longer has the commit 000000000000"),
        (damage_project, "pyproject.toml is not TOML"),
    ],
)
def test_a_service_that_is_not_in_order(
    versions: Versions, spoil: Callable[[Versions], None], sentence: str
) -> None:
    versions.release(SECOND)
    spoil(versions)
    before = list_content(versions.service)
    assert sentence in refuse(versions)
    assert list_content(versions.service) == before


def list_content(folder: Path) -> dict[Path, bytes]:
    """Return all files of a folder but git's."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path: path.read_bytes() for path in files}


def test_a_folder_that_is_no_service(versions: Versions, tmp_path: Path) -> None:
    versions.service = tmp_path
    assert "which says what the service was made of, is not there" in refuse(versions)


def test_a_newer_service_does_not_go_back(versions: Versions) -> None:
    versions.release(SECOND)
    versions.update()
    commit(versions.service)
    git(versions.template, "checkout", "--quiet", "HEAD~1")
    assert "updates go forward only" in refuse(versions)


def test_checks_that_fail_change_nothing(versions: Versions) -> None:
    versions.release({"app/core.py": "broken = 1\n"})
    before = snapshot(versions.service)
    assert "The service's checks fail with the new version (see above)" in refuse(
        versions, check=True
    )
    assert any("app/core.py:1:broken = 1" in line for line in versions.said)
    assert snapshot(versions.service) == before


def test_a_library_of_the_team_that_the_new_version_refuses(versions: Versions) -> None:
    # The recipe that installs prints the team's list and fails when there is anything in it.
    versions.edit({"requirements-service.txt": "pillow==11.0.0\nhttpx==0.1\n"})
    versions.release({"justfile": "install:\n    @echo 'you require pillow==11.0.0' && false\n"})
    before = snapshot(versions.service)
    sentence = refuse(versions, check=True)
    assert "do not go with pillow==11.0.0 in requirements-service.txt" in sentence
    assert snapshot(versions.service) == before


def test_a_version_that_cannot_be_rendered(versions: Versions) -> None:
    versions.release({"app/core.py": "{{ cookiecutter.nothing }}\n"})
    assert "of the template cannot be rendered: " in refuse(versions)


def test_work_that_began_in_the_meantime(versions: Versions) -> None:
    versions.release(SECOND)
    sentence = refuse(versions, confirm=lambda _: start_work(versions))
    assert "not committed (notes.txt)" in sentence
    git(versions.service, "add", "notes.txt")
    git(versions.service, "commit", "--quiet", "--message", "ours")
    sentence = refuse(versions, confirm=lambda _: bool(versions.edit({"more.txt": ""})))
    assert "has got a new commit in the meantime: run this again" in sentence


def test_git_at_work_in_the_service(versions: Versions) -> None:
    versions.release(SECOND)
    (versions.service / ".git/index.lock").touch()
    assert "index.lock" in refuse(versions)
    (versions.service / ".git/index.lock").unlink()
    assert git(versions.service, "status", "--porcelain") == ""


def test_no_git(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert refuse(versions) == "git was not found: install it."
