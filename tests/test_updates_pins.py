"""An update drops the pins of a team that the template's have reached, and keeps the others."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.combinations import TELLING
from tests.programs import check
from tests.renders import take_snapshot
from tests.small_template import FOLDER
from tests.template_versions import Versions, commit, create, find_programs
from tools.fleet.finding import Member
from tools.fleet.updating import Order, Result, update_member
from tools.updates.pins import EFFECTIVE, LOCK, TEAM, TEMPLATE, WRITTEN, is_overtaken
from tools.updates.telling import tell_plan, tell_result

ALONE = TELLING["api-alone"].answers
PIN = "idna=="


def change_pins(template: Path, version: str) -> None:
    """Let a template pin another version of a library, in all files that hold it."""
    for name in (TEMPLATE, EFFECTIVE, LOCK):
        path = template / FOLDER / name
        text, count = re.subn(r"^idna==\S+", f"{PIN}{version}", path.read_text(), flags=re.M)
        assert count == 1
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real template with an older library, and a small service of that."""
    home = tmp_path_factory.mktemp("pins")
    shutil.copytree(take_snapshot() / "template", home / "template")
    change_pins(home / "template", "3.18")
    commit(home / "template")
    commit(create(home / "template", home, ALONE))
    return home


@pytest.fixture
def living(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Copies of both."""
    find_programs(monkeypatch)
    for name in ("template", "my-service"):
        shutil.copytree(first / name, tmp_path / name)
    return Versions(tmp_path / "template", tmp_path / "my-service")


def release(living: Versions, version: str) -> None:
    """Release a version of the template that changes nothing but pins."""
    change_pins(living.template, version)
    commit(living.template)


@pytest.mark.slow
def test_a_pin_that_the_template_has_reached_is_dropped_and_said(living: Versions) -> None:
    living.edit({TEAM: "# Why: CVE-0000-0000\nIdna==3.19  # ours\n"})
    release(living, "3.20")
    outcome = living.update()
    (pin,) = outcome.overtaken
    assert pin == "Idna==3.19  # ours (constraints.txt has idna==3.20)"
    assert f"  dropped   your pin {pin}" in list(tell_plan(outcome))
    assert living.git("ls-files", TEAM) == ""
    assert not (living.service / TEAM).exists()
    assert f"{PIN}3.20\n" in living.read(EFFECTIVE)
    assert not outcome.stale
    check(sys.executable, "tools/lock.py", "--check", cwd=living.service)
    assert living.git("status", "--porcelain", "--untracked-files=all").count("??") == 0


@pytest.mark.slow
def test_pins_ahead_of_the_template_or_behind_it_on_purpose_stay(living: Versions) -> None:
    living.edit({TEAM: "idna==3.21\nclick==8.0\ncertifi<2026\n"})
    release(living, "3.20")
    outcome = living.update()
    assert outcome.overtaken == ()
    assert living.read(TEAM) == "idna==3.21\nclick==8.0\ncertifi<2026\n"
    assert {"idna==3.21", "click==8.0", "certifi<2026"} <= set(living.read(EFFECTIVE).splitlines())
    assert outcome.stale
    assert any("./just lock && ./just settings" in line for line in tell_result(outcome))


@pytest.mark.slow
def test_a_service_without_pins_of_its_own_needs_no_index(living: Versions) -> None:
    release(living, "3.20")
    outcome = living.update()
    assert not outcome.stale
    assert set(outcome.changes.changed) >= {TEMPLATE, EFFECTIVE, LOCK}
    check(sys.executable, "tools/lock.py", "--check", cwd=living.service)


@pytest.mark.slow
def test_a_service_from_before_there_were_locks_gets_one(living: Versions) -> None:
    newer = living.template.parent / "newer"
    shutil.copytree(living.template / FOLDER, newer)
    old = living.template / FOLDER
    for name in (EFFECTIVE, LOCK, "tools/lock.py"):
        (old / name).unlink()
    project = (old / "pyproject.toml").read_text(encoding="utf-8")
    skip = '    "constraints-service.txt",\n'
    listed = "".join(f'    "{name}",\n' for name in (EFFECTIVE, LOCK))
    comment = "    # Written by `just lock` of the team's files and the template's.\n"
    assert skip + comment + listed in project
    (old / "pyproject.toml").write_text(project.replace(skip + comment + listed, ""))
    for name in ("requirements.txt", "requirements-runtime.txt"):
        text = (old / name).read_text(encoding="utf-8")
        (old / name).write_text(text.replace(EFFECTIVE, TEMPLATE), encoding="utf-8")
    commit(living.template)
    shutil.rmtree(living.service)
    commit(create(living.template, living.template.parent, ALONE))
    assert not (living.service / LOCK).exists()
    shutil.rmtree(old)
    newer.rename(old)
    commit(living.template)
    outcome = living.update()
    assert outcome.conflicts == ()
    assert {EFFECTIVE, LOCK, "tools/lock.py"} <= set(outcome.changes.added)
    assert not (living.service / TEAM).exists()
    check(sys.executable, "tools/lock.py", "--check", cwd=living.service)


@pytest.mark.slow
def test_a_fleet_carries_a_release_of_pins(living: Versions) -> None:
    living.edit({TEAM: "idna==3.20\n"})
    release(living, "3.20")
    living.git("config", "user.name", "Tester")
    living.git("config", "user.email", "tester@example.com")
    order = Order(living.template, check=False, commit=True)
    report = update_member(Member("my-service", living.service), order, living.said.append)
    assert report.result is Result.UPDATED
    assert "its own pin idna==3.20 (constraints.txt has idna==3.20) is dropped" in living.said
    changed = set(living.git("show", "--name-only", "--format=", "HEAD").split())
    assert changed == {".cruft.json", TEMPLATE, *WRITTEN}


@pytest.mark.parametrize(
    ("own", "old", "new"),
    [
        ("a==1.1", ["a==1.0"], ["a==1.1"]),
        ("a==1.1", ["a==1.0"], ["a==1.10"]),
        ("a == 1.1 ; sys_platform == 'linux'", ["a==1.0"], ["a==1.2 ; python_version < '4'"]),
        ("a==1.1rc1", ["a==1.0"], ["a==1.1"]),
        ("a==1.1", [], ["a==1.1"]),
        ("a==1.1", ["a==1.0 ; m", "a==0.9 ; n"], ["a==1.1 ; m", "a==1.2 ; n"]),
    ],
)
def test_a_pin_is_overtaken(own: str, old: list[str], new: list[str]) -> None:
    assert is_overtaken(own, old, new)


@pytest.mark.parametrize(
    ("own", "old", "new"),
    [
        ("a==1.3", ["a==1.0"], ["a==1.2"]),
        ("a==0.9", ["a==1.0"], ["a==1.2"]),
        ("a==1!1.0", ["a==1.0"], ["a==2.0"]),
        ("a<2", ["a==1.0"], ["a==1.2"]),
        ("a==1.*", ["a==0.9"], ["a==2.0"]),
        ("a==1.2", ["a==1.0 ; m", "a==1.3 ; n"], ["a==1.3"]),
        ("a==nonsense", ["a==1.0"], ["a==1.2"]),
    ],
)
def test_a_pin_is_the_teams_still(own: str, old: list[str], new: list[str]) -> None:
    assert not is_overtaken(own, old, new)
