"""The recipes of a service fetch the template and let its newest version do the work."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.programs import find_program, run
from tests.small_template import FOLDER
from tests.template_versions import LINES, Versions, add_engine, commit, create, git, write

SECOND = {"app/core.py": LINES.replace("line_3 = 3", "line_3 = 33")}
pytestmark = pytest.mark.slow


@pytest.fixture
def living(versions: Versions) -> Versions:
    """Give the template its engine, and make a service of that."""
    add_engine(versions.template)
    versions.service = create(versions.template, versions.template.parent / "living")
    commit(versions.service)
    return versions


def call(versions: Versions, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a recipe of the service, without a terminal."""
    return run(find_program("just"), *arguments, cwd=versions.service)


def succeed(versions: Versions, *arguments: str) -> str:
    """Run a recipe that must succeed."""
    done = call(versions, *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def fail(versions: Versions, *arguments: str) -> str:
    """Run a recipe that must fail, in a way that people understand."""
    done = call(versions, *arguments)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def test_an_update_is_checked_applied_and_told(living: Versions) -> None:
    living.release(SECOND)
    assert "1 commit behind" in fail(living, "template-check")
    told = succeed(living, "template-update", "--yes")
    assert "  changed   app/core.py\n" in told
    assert "its checks pass. Nothing is committed." in told
    commit(living.service)
    assert "up to date" in succeed(living, "template-check")
    assert "Nothing to do" in succeed(living, "template-update")


def test_conflicts_are_told_and_resolved_in_the_files(living: Versions) -> None:
    living.edit({"app/core.py": LINES.replace("line_3 = 3", "line_3 = 'ours'")})
    living.release(SECOND)
    told = fail(living, "template-update")
    assert "app/core.py, as you changed it:" in told
    assert "+line_3 = 33" in told
    assert "Nothing was changed: 1 of the template's files would have conflicts." in told
    assert living.git("status", "--porcelain") == ""
    assert "edit between the marks" in succeed(living, "template-update", "--merge")
    assert "UU app/core.py" in living.git("status", "--porcelain")
    write(living.service, SECOND)
    living.git("add", "app/core.py")
    living.git("commit", "--quiet", "--message", "chore: update the template")
    assert "up to date" in succeed(living, "template-check")


def test_a_change_in_a_file_of_the_template_is_shown(living: Versions) -> None:
    assert succeed(living, "template-diff", "--exit-code") == ""
    living.edit({"app/core.py": LINES + "ours = 1\n"})
    assert "+ours = 1" in succeed(living, "template-diff")
    assert "+ours = 1" in fail(living, "template-diff", "--exit-code")
    assert "edited in the template's zone" in fail(living, "template-check")


def test_a_template_that_moved(living: Versions) -> None:
    living.release(SECOND)
    there = living.template.rename(living.template.with_name("elsewhere"))
    told = fail(living, "template-update")
    assert f"the template at {living.template} cannot be cloned" in told
    assert "--template ADDRESS" in told
    succeed(living, "template-update", "--template", str(there), "--no-check")
    assert living.state()["template"] == str(there)


def test_a_clone_that_is_named_is_remembered_by_its_origin(living: Versions) -> None:
    clone = living.template.with_name("clone")
    git(living.template, "clone", "--quiet", str(living.template), str(clone))
    before = living.state()
    (living.service / ".cruft.json").unlink()
    succeed(living, "template-update", "--link", str(clone))
    assert living.state() == before


def test_a_version_that_is_asked_for(living: Versions) -> None:
    git(living.template, "tag", "v1.0.0")
    middle = living.release(SECOND)
    git(living.template, "tag", "v1.1.0")
    living.release({"app/new.py": ""})
    succeed(living, "template-update", "--version", "1.1.0", "--no-check")
    assert living.state()["commit"] == middle
    assert not (living.service / "app/new.py").exists()
    assert "has no version 7.0.0" in fail(living, "template-update", "--version", "7.0.0")


def test_a_lost_state_is_written_again(living: Versions) -> None:
    before = living.state()
    (living.service / ".cruft.json").unlink()
    told = fail(living, "template-update")
    assert "`./just template-update --link TEMPLATE` writes it again" in told
    succeed(living, "template-update", "--link", str(living.template))
    assert living.state() == before


def test_a_damaged_state(living: Versions) -> None:
    (living.service / ".cruft.json").write_text("{")
    assert "take it from git again (git checkout HEAD -- .cruft.json)" in fail(
        living, "template-check"
    )


@pytest.mark.parametrize("typed", ["../template", "./../template", "../{home}/template"])
def test_a_template_that_cruft_was_told_by_a_path(living: Versions, typed: str) -> None:
    path = typed.format(home=f"../{living.template.parent.name}")
    living.edit({".cruft.json": json.dumps(living.state() | {"template": path})})
    living.release(SECOND)
    assert "1 commit behind" in fail(living, "template-check")
    succeed(living, "template-update", "--no-check")
    assert living.state()["template"] == str(living.template)


def test_a_template_that_is_not_at_its_path_any_more(living: Versions) -> None:
    living.edit({".cruft.json": json.dumps(living.state() | {"template": "../elsewhere"})})
    told = fail(living, "template-check")
    assert "says that the template is at ../elsewhere, seen from where the service was made" in told
    assert "/elsewhere: --template ADDRESS.\n" in told


def test_answers_are_given_on_the_command_line(living: Versions) -> None:
    write(living.template / FOLDER, {"deploy/kubernetes/base.yaml": "kind: Service\n"})
    commit(living.template)
    succeed(living, "template-update", "--no-check", "kubernetes=true")
    assert (living.service / "deploy/kubernetes/base.yaml").is_file()
    commit(living.service)
    assert 'kubernetes is "maybe"' in fail(living, "template-update", "kubernetes=maybe")
    assert "maybe is no answer: write NAME=VALUE" in fail(living, "template-update", "maybe")


def test_a_version_from_before_there_were_updates(versions: Versions) -> None:
    tools = versions.template / FOLDER / "tools"
    add_engine(versions.template)
    script = (tools / "template.py").read_text()
    git(versions.template, "checkout", "--quiet", "HEAD~1")
    versions.edit({"tools/template.py": script})
    text = json.dumps(versions.state() | {"template": str(versions.template)})
    versions.edit({".cruft.json": text})
    assert "knows no updates" in fail(versions, "template-check")


def test_help_comes_from_the_template(living: Versions) -> None:
    assert "--merge" in succeed(living, "template-update", "--help")


def test_a_service_without_uv_or_git(living: Versions, tmp_path: Path) -> None:
    only = tmp_path / "bin"
    only.mkdir()
    (only / "python3").symlink_to(find_program("python3"))
    command = ("tools/template.py", "check")
    done = run(only / "python3", *command, cwd=living.service, PATH=str(only))
    assert done.stdout.startswith("template: git was not found: ")
    (only / "git").symlink_to(find_program("git"))
    done = run(only / "python3", *command, cwd=living.service, PATH=str(only))
    assert done.stdout.startswith("template: uv was not found: ")
