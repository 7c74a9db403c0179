"""A service is updated wherever git has it: in a bigger repository, beside it, without history."""

from pathlib import Path

import pytest

from tests.template_versions import LINES, Versions, commit, create, git

pytestmark = pytest.mark.slow

SECOND = LINES.replace("line_3 = 3", "line_3 = 33")


def test_a_service_in_a_folder_of_a_repository_is_updated_there(versions: Versions) -> None:
    home = versions.template.parent / "together"
    service = create(versions.template, home / "services")
    (home / "notes.txt").write_text("ours\n")
    (home / "app").mkdir()
    (home / "app/core.py").write_text("another service's\n")
    commit(home)
    (home / "notes.txt").write_text("not committed\n")
    versions.service = service
    versions.release({"app/core.py": SECOND, "app/new.py": ""})
    assert versions.update().changes.added == ("app/new.py",)
    assert versions.read("app/core.py") == SECOND
    assert (home / "app/core.py").read_text() == "another service's\n"
    assert git(home, "diff", "--name-only").split() == ["notes.txt"]


def test_a_work_tree_beside_the_repository_is_updated(versions: Versions, tmp_path: Path) -> None:
    versions.git("worktree", "add", "--quiet", "-b", "update", str(tmp_path / "beside"))
    versions.service = tmp_path / "beside"
    versions.release({"app/core.py": SECOND})
    versions.update()
    assert versions.read("app/core.py") == SECOND


def test_a_clone_without_history_is_updated(versions: Versions, tmp_path: Path) -> None:
    commit(versions.service)
    source = f"file://{versions.service}"
    git(tmp_path, "clone", "--quiet", "--depth=1", source, "shallow")
    versions.service = tmp_path / "shallow"
    versions.release({"app/core.py": SECOND})
    versions.update()
    assert versions.read("app/core.py") == SECOND
