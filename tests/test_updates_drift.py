"""How far a service is from its template, and what was edited in the template's files."""

import shutil

import pytest

from tests.template_versions import LINES, Versions, commit, git
from tools.updates import Drift, diff, inspect
from tools.updates.telling import tell_drift

pytestmark = pytest.mark.slow

SECOND = {"app/core.py": LINES.replace("line_3 = 3", "line_3 = 33")}


def look(versions: Versions) -> Drift:
    return inspect(versions.service, versions.template)


def test_a_fresh_service_has_none(versions: Versions) -> None:
    drift = look(versions)
    assert (drift.behind, drift.edited, drift.deleted) == (0, (), ())
    assert (drift.git, drift.dirty) == (True, False)
    assert drift.answers["broker"] == "both"
    assert tell_drift(drift).endswith(": up to date, and nothing of the template edited")


def test_versions_that_change_what_is_rendered_are_counted(versions: Versions) -> None:
    versions.release(SECOND)
    (versions.template / "README.md").write_text("documents only\n")
    commit(versions.template)
    versions.release({"app/core.py": LINES})
    versions.release(SECOND)
    drift = look(versions)
    assert drift.behind == 3
    assert f"3 commits behind {drift.latest}: ./just template-update" in tell_drift(drift)


def test_a_service_that_is_newer_than_the_template_is_not_behind(versions: Versions) -> None:
    versions.release(SECOND)
    versions.update()
    git(versions.template, "checkout", "--quiet", "HEAD~1")
    assert look(versions).behind == 0


def test_edits_in_the_templates_zone_are_found(versions: Versions) -> None:
    versions.edit({"app/core.py": "ours\n", "justfile": None, "app/domain/rules.py": "", "x": ""})
    drift = look(versions)
    assert drift.edited == ("app/core.py",)
    assert drift.deleted == ("justfile",)
    told = tell_drift(drift)
    assert told.endswith("(./just template-diff): app/core.py, justfile (deleted)")


def test_they_are_shown_as_a_diff(versions: Versions) -> None:
    versions.edit({"app/core.py": LINES + "ours = 1\n", "app/domain/rules.py": ""})
    text = diff(versions.service, versions.template)
    assert "+ours = 1" in text
    assert "rules.py" not in text


def test_changes_that_are_not_committed_are_seen(versions: Versions) -> None:
    (versions.service / "app/core.py").write_text("ours\n")
    drift = look(versions)
    assert drift.edited == ("app/core.py",)
    assert drift.dirty


def test_a_service_without_git_is_compared_too(versions: Versions) -> None:
    shutil.rmtree(versions.service / ".git")
    (versions.service / "app/core.py").write_text("ours\n")
    drift = look(versions)
    assert drift.edited == ("app/core.py",)
    assert not drift.git
