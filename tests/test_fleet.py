"""Many services are shown beside their template, and updated, each whole or not at all."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import find_program
from tests.programs import run as run_program
from tests.recipes import share_tools
from tests.rendered_once import RenderedOnce
from tests.small_template import ROOT
from tests.template_versions import LINES, Versions, commit, git, snapshot, write
from tools.fleet import __main__ as fleet

Run = Callable[..., int]
NEW = LINES.replace("line_2 = 2", "line_2 = 22")
TINY = 50


@pytest.fixture
def home(versions: Versions) -> Path:
    """Three services of one version of a template, in a folder."""
    folder = versions.template.parent / "services"
    for name in ("billing", "orders", "stock"):
        shutil.copytree(versions.service, folder / name)
    return folder


@pytest.fixture
def run(versions: Versions, home: Path, tmp_path: Path) -> Run:
    """Run the fleet on the services, with the template beside them."""
    once = RenderedOnce(tmp_path / "renders")

    def run(*options: str) -> int:
        with once.used():
            return fleet.main([str(home), *options], versions.template)

    return run


@pytest.fixture
def author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be somebody whom git knows."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.com")


@pytest.fixture
def inside(versions: Versions, home: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Be where the folder of services is, beside an empty one."""
    monkeypatch.chdir(home.parent)
    Path("empty").mkdir()
    return versions


def test_the_table_shows_each_service_beside_the_template(
    versions: Versions, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.release({"app/core.py": NEW})
    write(home / "billing", {"app/core.py": LINES + "ours\n", "README.md": "ours\n"})
    shutil.rmtree(home / "orders" / ".git")
    write(home / "stock", {".cruft.json": "{"})
    assert run() == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "1 commit" in rows["billing"]
    assert "dirty" in rows["billing"]
    assert rows["billing"].endswith("app/core.py")
    assert "no git" in rows["orders"]
    assert "unreadable" in rows["stock"]
    assert "is not JSON" in rows["stock:"]


def test_the_table_shows_the_answers_that_are_not_the_defaults(
    home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    state = (home / "orders" / ".cruft.json").read_text()
    chosen = state.replace('"kubernetes": false', '"kubernetes": true').replace("redis", "none")
    write(home / "orders", {".cruft.json": chosen})
    run()
    assert "cache=none kubernetes=true" in capsys.readouterr().out


def test_all_are_updated_and_nothing_is_committed(
    versions: Versions, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.release({"app/core.py": NEW}, {"colour": "red"})
    assert run("--update") == 0
    for name in ("billing", "orders", "stock"):
        assert (home / name / "app/core.py").read_text() == NEW
        assert "app/core.py" in git(home / name, "diff", "--cached", "--name-only")
    said = capsys.readouterr().out
    assert "[2/3] orders: running the service's checks" in said
    assert "[3/3] stock: the new question colour is answered with red" in said
    assert "Of 3: 3 updated." in said
    assert "Nothing is committed" in said


def test_only_those_that_are_named_are_updated(versions: Versions, home: Path, run: Run) -> None:
    versions.release({"app/core.py": NEW})
    assert run("--no-check", "--update", "orders") == 0
    assert (home / "orders" / "app/core.py").read_text() == NEW
    assert (home / "billing" / "app/core.py").read_text() == LINES


@pytest.mark.slow
def test_one_that_is_refused_stays_as_it_was_and_the_others_go_on(
    versions: Versions, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / "billing", {"app/core.py": LINES.replace("line_2 = 2", "line_2 = 7")})
    write(home / "orders", {"app/domain/rules.py": "broken\n"})
    for name in ("billing", "orders"):
        commit(home / name)
    before = {name: snapshot(home / name) for name in ("billing", "orders")}
    versions.release({"app/core.py": NEW})
    assert run("--update") == 1
    assert {name: snapshot(home / name) for name in before} == before
    assert (home / "stock" / "app/core.py").read_text() == NEW
    summary = capsys.readouterr().out.partition("Of 3: ")[2]
    assert summary.startswith("1 updated; 1 left alone, with conflicts; 1 left alone.")
    assert "billing: left alone, with conflicts: app/core.py;" in summary
    assert "orders: left alone: The service's checks fail with the new version" in summary


@pytest.mark.usefixtures("author")
def test_each_is_committed_where_that_is_wanted(versions: Versions, home: Path, run: Run) -> None:
    versions.release({"app/core.py": NEW, "app/more.py": "", "justfile": None})
    assert run("--no-check", "--commit", "--update") == 0
    for name in ("billing", "orders", "stock"):
        assert git(home / name, "status", "--porcelain") == ""
        subject = git(home / name, "log", "-1", "--format=%s")
        assert subject.startswith("chore: update the template to ")


@pytest.mark.usefixtures("author")
def test_a_commit_that_git_refuses_is_told(
    versions: Versions, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = home / "orders" / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    versions.release({"app/core.py": NEW})
    assert run("--no-check", "--commit", "--update", "orders") == 1
    assert "orders: updated, but not committed: not on Fridays" in capsys.readouterr().out
    assert git(home / "orders", "diff", "--cached", "--name-only").split() == [
        ".cruft.json",
        "app/core.py",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("author")
def test_a_commit_of_one_leaves_what_else_its_repository_holds(
    versions: Versions, home: Path, run: Run
) -> None:
    for name in ("billing", "orders", "stock"):
        shutil.rmtree(home / name / ".git")
    commit(home)
    write(home, {"notes.txt": "somebody's\n"})
    git(home, "add", "notes.txt")
    versions.release({"app/core.py": NEW})
    assert run("--no-check", "--commit", "--update") == 0
    assert git(home, "status", "--porcelain") == "A  notes.txt\n"
    assert git(home, "log", "-3", "--format=", "--name-only").split() == [
        f"{name}/{path}"
        for name in ("stock", "orders", "billing")
        for path in (".cruft.json", "app/core.py")
    ]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_stopped(
    versions: Versions,
    home: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    versions.release({"app/core.py": NEW})
    before = snapshot(home / "orders")

    def interrupt(line: str) -> None:
        if line.startswith("[2/3] orders: rendering"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fleet, "say", interrupt)
        assert run("--no-check", "--update") == fleet.INTERRUPTED
    assert "Of 3: 1 updated; 2 not begun or put back." in capsys.readouterr().out
    assert snapshot(home / "orders") == before
    assert run("--no-check", "--update") == 0
    assert "Of 3: 2 updated; 1 up to date." in capsys.readouterr().out


def test_a_service_without_its_origin_is_shown_with_what_to_do(
    home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "orders" / ".cruft.json").unlink()
    write(home / "other", {"pyproject.toml": "this is no TOML"})
    assert run() == 0
    shown = capsys.readouterr().out
    assert "orders: " in shown
    assert "`./just template-update --link TEMPLATE` writes .cruft.json again." in shown
    assert "other" not in shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "missing is no folder: name one that holds services."),
        (["empty"], "There is no service in empty, nor one level below: "),
        (["services", "--update", "shop"], "There is no service shop: choose of billing, orders, "),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    inside: Versions, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fleet.main(arguments, inside.template) == 1
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_namesakes_are_told_apart(versions: Versions, home: Path) -> None:
    versions.release({"app/core.py": NEW})
    other = home.parent / "others"
    shutil.copytree(home / "orders", other / "orders")
    folders = [str(home), str(other), str(home / "stock")]
    assert fleet.main([*folders, "--no-check", "--update", "others/orders"], versions.template) == 0
    assert (other / "orders" / "app/core.py").read_text() == NEW
    assert (home / "orders" / "app/core.py").read_text() == LINES


@pytest.mark.slow
def test_the_recipe_takes_folders_from_where_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    recipe = (find_program("just"), "--justfile", ROOT / "justfile", "fleet", "empty")
    said = run_program(*recipe, cwd=tmp_path, **share_tools())
    assert said.returncode == 1
    assert said.stdout.startswith("There is no service in empty, nor one level below: ")


@pytest.mark.slow
def test_fifty_are_updated_in_one_run(
    versions: Versions, home: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(home)
    for number in range(TINY):
        shutil.copytree(versions.service, home / f"service-{number}")
    versions.release({"app/core.py": NEW})
    began = time.monotonic()
    assert run("--no-check", "--update") == 0
    seconds = time.monotonic() - began
    assert f"Of {TINY}: {TINY} updated." in capsys.readouterr().out
    print(f"{seconds / TINY:.2f} s a service, besides rendering and checks")
