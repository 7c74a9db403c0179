"""A conflict is where team and template changed the same lines; both sides are named."""

import subprocess

import pytest

from tests.template_versions import LINES, Versions, snapshot
from tools.updates import UpdateRefusedError
from tools.updates.telling import tell_conflicts, tell_result

pytestmark = pytest.mark.slow

OURS = LINES.replace("line_3 = 3\n", "line_3 = 'ours'\n")
THEIRS = LINES.replace("line_3 = 3\n", "line_3 = 'theirs'\n")


def test_nothing_changes_and_both_sides_are_named(versions: Versions) -> None:
    versions.edit({"app/core.py": OURS})
    versions.release({"app/core.py": THEIRS, "app/new.py": ""})
    before = snapshot(versions.service)
    outcome = versions.update()
    assert not outcome.applied
    (conflict,) = outcome.conflicts
    assert conflict.path == "app/core.py"
    assert "+line_3 = 'ours'" in conflict.yours
    assert "+line_3 = 'theirs'" in conflict.template
    assert snapshot(versions.service) == before
    told = "\n".join(tell_conflicts(outcome))
    assert "app/core.py, as you changed it:" in told
    assert "app/core.py, as the template changed it:" in told


def test_it_can_be_resolved_as_in_a_merge(versions: Versions) -> None:
    versions.edit({"app/core.py": OURS})
    latest = versions.release({"app/core.py": THEIRS, "app/new.py": ""})
    outcome = versions.update(merge=True, check=True)
    assert outcome.applied
    assert not outcome.checked
    assert versions.git("diff", "--name-only", "--diff-filter=U").split() == ["app/core.py"]
    assert versions.git("show", ":1:app/core.py") == LINES
    assert versions.git("show", ":2:app/core.py") == OURS
    assert versions.git("show", ":3:app/core.py") == THEIRS
    assert ">>>>>>> template" in versions.read("app/core.py")
    assert (versions.service / "app/new.py").is_file()
    assert versions.state()["commit"] == latest
    assert any("git add app/core.py" in line for line in tell_result(outcome))
    versions.edit({"app/core.py": THEIRS})
    versions.release({"app/core.py": THEIRS + "line_21 = 21\n"})
    assert versions.update().conflicts == ()


def test_it_can_be_undone(versions: Versions) -> None:
    versions.edit({"app/core.py": OURS})
    versions.release({"app/core.py": THEIRS, "app/new.py": ""})
    before = snapshot(versions.service)
    versions.update(merge=True)
    versions.git("restore", "--staged", "--worktree", ".")
    assert snapshot(versions.service) == before


def test_a_file_that_the_template_deletes_and_the_team_changed(versions: Versions) -> None:
    versions.edit({"app/core.py": OURS})
    versions.release({"app/core.py": None})
    (conflict,) = versions.update().conflicts
    assert conflict.template == "deleted it"
    assert "+line_3 = 'ours'" in conflict.yours


def test_a_file_of_the_team_where_the_template_adds_one(versions: Versions) -> None:
    versions.edit({"app/new.py": "ours = 1\n"})
    versions.release({"app/new.py": "theirs = 1\n"})
    (conflict,) = versions.update().conflicts
    assert "+ours = 1" in conflict.yours
    assert "+theirs = 1" in conflict.template


def test_a_file_that_both_added_alike_is_none(versions: Versions) -> None:
    versions.edit({"app/new.py": "same = 1\n"})
    versions.release({"app/new.py": "same = 1\n"})
    assert versions.update().conflicts == ()


def test_a_change_that_both_made_is_none(versions: Versions) -> None:
    versions.edit({"app/core.py": THEIRS})
    versions.release({"app/core.py": THEIRS})
    assert versions.update().conflicts == ()


def test_files_that_are_not_text(versions: Versions) -> None:
    versions.release({"logo.png": b"\0first"})
    versions.update()
    versions.edit({"logo.png": b"\0ours"})
    versions.release({"logo.png": b"\0theirs"})
    (conflict,) = versions.update().conflicts
    assert conflict.template == "changed it, which is not text"


@pytest.mark.parametrize("ours", ["build", "build/notes.txt"])
def test_what_git_ignores_is_not_overwritten(versions: Versions, ours: str) -> None:
    versions.edit({".gitignore": "build\n"})
    path = versions.service / ours
    path.parent.mkdir(exist_ok=True)
    path.write_text("ours\n")
    versions.release({"build/notes.txt": "theirs\n"})
    with pytest.raises(UpdateRefusedError, match=f"^{ours} stands where the template adds"):
        versions.update()
    assert path.read_text() == "ours\n"


def test_a_folder_of_the_team_where_the_template_adds_a_file(versions: Versions) -> None:
    versions.edit({"notes/one.txt": "ours\n"})
    versions.release({"notes": "theirs\n"})
    with pytest.raises(UpdateRefusedError, match=r"^notes stands where the template adds notes"):
        versions.update()


def test_how_the_user_has_set_git_changes_nothing(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = versions.template.parent / "gitconfig"
    pairs = {"merge.conflictStyle": "zdiff3", "diff.noprefix": "true", "core.autocrlf": "input"}
    pairs |= {"core.hooksPath": "/nowhere", "diff.external": "false", "apply.whitespace": "error"}
    pairs |= {"status.showUntrackedFiles": "no", "commit.gpgSign": "true", "color.ui": "always"}
    for name, value in pairs.items():
        subprocess.run(["git", "config", "--file", settings, name, value], check=True)
    versions.release({"app/core.py": THEIRS + "trailing = 1 \n", "app/new.py": ""})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert versions.update().changes.added == ("app/new.py",)
    assert versions.read("app/core.py") == THEIRS + "trailing = 1 \n"
    (versions.service / "unknown.txt").touch()
    with pytest.raises(UpdateRefusedError, match=r"not committed \("):
        versions.update()


def test_a_hook_of_git_that_starts_it_does_not_mislead_it(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions.release({"app/core.py": THEIRS})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert versions.update().applied
