"""All services of a fleet are updated, each whole or not at all."""

import shutil
import time
from pathlib import Path

import pytest

from tests.fleet_services import NEW, Run
from tests.template_versions import LINES, Versions, commit, git, snapshot, write
from tools.fleet import __main__ as fleet

TINY = 50


def test_all_are_updated_and_nothing_is_committed(
    versions: Versions, services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.release({"app/core.py": NEW}, {"colour": "red"})
    assert run_fleet("--update") == 0
    for name in ("billing", "orders", "stock"):
        assert (services / name / "app/core.py").read_text() == NEW
        assert "app/core.py" in git(services / name, "diff", "--cached", "--name-only")
    said = capsys.readouterr().out
    assert "[2/3] orders: running the service's checks" in said
    assert "[3/3] stock: the new question colour is answered with red" in said
    assert "Of 3: 3 updated." in said
    assert "Nothing is committed" in said


def test_only_those_that_are_named_are_updated(
    versions: Versions, services: Path, run_fleet: Run
) -> None:
    versions.release({"app/core.py": NEW})
    assert run_fleet("--no-check", "--update", "orders") == 0
    assert (services / "orders" / "app/core.py").read_text() == NEW
    assert (services / "billing" / "app/core.py").read_text() == LINES


@pytest.mark.slow
def test_one_that_is_refused_stays_as_it_was_and_the_others_go_on(
    versions: Versions, services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    write(services / "billing", {"app/core.py": LINES.replace("line_2 = 2", "line_2 = 7")})
    write(services / "orders", {"app/domain/rules.py": "broken\n"})
    for name in ("billing", "orders"):
        commit(services / name)
    before = {name: snapshot(services / name) for name in ("billing", "orders")}
    versions.release({"app/core.py": NEW})
    assert run_fleet("--update") == 1
    assert {name: snapshot(services / name) for name in before} == before
    assert (services / "stock" / "app/core.py").read_text() == NEW
    summary = capsys.readouterr().out.partition("Of 3: ")[2]
    assert summary.startswith("1 updated; 1 left alone, with conflicts; 1 left alone.")
    assert "billing: left alone, with conflicts: app/core.py;" in summary
    assert "orders: left alone: The service's checks fail with the new version" in summary


def test_what_is_up_to_date_needs_no_git(
    services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(services / "stock" / ".git")
    assert run_fleet("--update") == 0
    assert "Of 3: 3 up to date." in capsys.readouterr().out


@pytest.mark.usefixtures("author")
def test_each_is_committed_where_that_is_wanted(
    versions: Versions, services: Path, run_fleet: Run
) -> None:
    versions.release({"app/core.py": NEW, "app/more.py": "", "justfile": None})
    assert run_fleet("--no-check", "--commit", "--update") == 0
    for name in ("billing", "orders", "stock"):
        assert git(services / name, "status", "--porcelain") == ""
        subject = git(services / name, "log", "-1", "--format=%s")
        assert subject.startswith("chore: update the template to ")


@pytest.mark.usefixtures("author")
def test_a_commit_that_git_refuses_is_told(
    versions: Versions, services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = services / "orders" / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    versions.release({"app/core.py": NEW})
    assert run_fleet("--no-check", "--commit", "--update", "orders") == 1
    assert "orders: updated, but not committed: not on Fridays" in capsys.readouterr().out
    assert git(services / "orders", "diff", "--cached", "--name-only").split() == [
        ".cruft.json",
        "app/core.py",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("author")
def test_a_commit_of_one_leaves_what_else_its_repository_holds(
    versions: Versions, services: Path, run_fleet: Run
) -> None:
    for name in ("billing", "orders", "stock"):
        shutil.rmtree(services / name / ".git")
    commit(services)
    write(services, {"notes.txt": "somebody's\n"})
    git(services, "add", "notes.txt")
    versions.release({"app/core.py": NEW})
    assert run_fleet("--no-check", "--commit", "--update") == 0
    assert git(services, "status", "--porcelain") == "A  notes.txt\n"
    assert git(services, "log", "-3", "--format=", "--name-only").split() == [
        f"{name}/{path}"
        for name in ("stock", "orders", "billing")
        for path in (".cruft.json", "app/core.py")
    ]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_stopped(
    versions: Versions,
    services: Path,
    run_fleet: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    versions.release({"app/core.py": NEW})
    before = snapshot(services / "orders")

    def interrupt(line: str) -> None:
        if line.startswith("[2/3] orders: rendering"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fleet, "say", interrupt)
        assert run_fleet("--no-check", "--update") == fleet.INTERRUPTED
    assert "Of 3: 1 updated; 2 interrupted or not begun." in capsys.readouterr().out
    assert snapshot(services / "orders") == before
    assert run_fleet("--no-check", "--update") == 0
    assert "Of 3: 2 updated; 1 up to date." in capsys.readouterr().out


@pytest.mark.slow
def test_fifty_are_updated_in_one_run(
    versions: Versions, services: Path, run_fleet: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(services)
    for number in range(TINY):
        shutil.copytree(versions.service, services / f"service-{number}")
    versions.release({"app/core.py": NEW})
    began = time.monotonic()
    assert run_fleet("--no-check", "--update") == 0
    seconds = time.monotonic() - began
    assert f"Of {TINY}: {TINY} updated." in capsys.readouterr().out
    print(f"{seconds / TINY:.2f} s a service, besides rendering and checks")
