"""The team's pins win over the template's, and whatever is stale is said in one sentence."""

import json
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.combinations import TELLING
from tests.marks import AMONG, choose_folders
from tests.programs import check, find_program, run
from tests.recipes import share_tools
from tests.renders import Part, render
from tests.small_template import FOLDER, ROOT
from tools.pins import lock_template, read_direct

TOOL = ("tools/lock.py",)
LOCKED = Part(("requirements-runtime.lock", "constraints-effective.txt"))
LOCK, EFFECTIVE, TEAM = (*LOCKED.patterns, "constraints-service.txt")
LIST = "requirements-runtime.txt"
REPAIR = "run `./just lock` and commit what it writes."


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A small service that tests may change."""
    return shutil.copytree(render(TELLING["api-alone"]), tmp_path / "service")


def say(service: Path, *options: str) -> str:
    """Return the line with which the tool refuses something."""
    done = run(sys.executable, *TOOL, *options, cwd=service, **share_tools())
    assert done.returncode == 1, done.stdout
    assert done.stdout.count("\n") == 1
    return done.stdout.removeprefix("lock: ").strip()


def edit(service: Path, name: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file."""
    text = (service / name).read_text(encoding="utf-8")
    assert old in text
    (service / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def append(service: Path, name: str, line: str) -> None:
    """Add a line to a file, which may be new."""
    with (service / name).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def merge(service: Path) -> list[str]:
    """Return the constraints that the files of a service make."""
    text: str = runpy.run_path(str(service / TOOL[0]))["merge"](service, {})
    return text.splitlines()[1:]


def read_locked(text: str) -> dict[str, str]:
    """Return the version of each library in a lock; a marker may differ."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


@AMONG
def test_a_fresh_service_is_locked_already(*, every: bool) -> None:
    for folder in choose_folders(LOCKED, every=every):
        assert check(sys.executable, *TOOL, "--check", cwd=folder) == ""


@AMONG
def test_the_lock_holds_what_the_service_asks_for_with_hashes(*, every: bool) -> None:
    for folder in choose_folders(LOCKED, every=every):
        text = (folder / LOCK).read_text(encoding="utf-8")
        asked = {re.split(r"[\[;]", each)[0] for each in read_direct(folder / LIST)}
        entries = re.split(r"\n(?=\S)", text.partition("#   ")[2])
        locked = [entry for entry in entries if not entry.startswith("#")][1:]
        assert asked <= read_locked(text).keys()
        assert all(" --hash=sha256:" in entry for entry in locked)
        assert "://" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", TELLING)
def test_the_lock_is_what_the_resolver_makes_of_the_same_pins(name: str, tmp_path: Path) -> None:
    service = shutil.copytree(render(TELLING[name]), tmp_path / "service")
    before = {path: (service / path).read_text(encoding="utf-8") for path in LOCKED.patterns}
    (service / LOCK).unlink()
    assert say(service, "--check") == f"{LOCK} is not there: {REPAIR}"
    check(sys.executable, *TOOL, cwd=service, **share_tools())
    assert check(sys.executable, *TOOL, "--check", cwd=service) == ""
    assert (service / EFFECTIVE).read_text(encoding="utf-8") == before[EFFECTIVE]
    assert read_locked((service / LOCK).read_text(encoding="utf-8")) == read_locked(before[LOCK])


def test_the_templates_own_files_follow_from_its_pins() -> None:
    template = ROOT / FOLDER
    made = runpy.run_path(str(template / TOOL[0]))["merge"](template, {})
    assert (template / EFFECTIVE).read_text(encoding="utf-8") == made
    pins = dict(re.findall(r"^([^=\n]+)==([^ \n]+)", made, re.MULTILINE))
    locked = read_locked((template / LOCK).read_text(encoding="utf-8"))
    assert locked.items() <= pins.items()


@pytest.mark.slow
def test_the_templates_lock_is_made_anew_without_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = shutil.copytree(ROOT / FOLDER, tmp_path / "template")
    monkeypatch.setenv("PATH", str(Path(find_program("uv")).parent), prepend=":")
    lock_template(template)
    for name in LOCKED.patterns:
        assert (template / name).read_bytes() == (ROOT / FOLDER / name).read_bytes()


@pytest.mark.parametrize(
    "line", ["Typing_Extensions==4.99", "typing.extensions==4.99", "TYPING-EXTENSIONS == 4.99"]
)
def test_the_teams_pin_wins_however_the_name_is_written(service: Path, line: str) -> None:
    append(service, TEAM, f"{line}  # CVE-0000-0000")
    pins = merge(service)
    assert line in pins
    assert not [each for each in pins if each.startswith("typing-extensions==")]


def test_a_pin_of_the_team_takes_the_place_of_all_pins_of_its_library(service: Path) -> None:
    append(service, "constraints.txt", "numpy==1.0 ; python_version < '3.12'")
    append(service, "constraints.txt", "numpy==2.0 ; python_version >= '3.12'")
    append(service, TEAM, "numpy==2.1 ; sys_platform != 'win32'")
    found = [each for each in merge(service) if each.startswith("numpy")]
    assert found == ["numpy==2.1 ; sys_platform != 'win32'"]


def add_library(service: Path) -> str:
    append(service, "requirements-service.txt", "pillow==12.0.0")
    return f"{LOCK} knows nothing of pillow==12.0.0 (requirements-service.txt): {REPAIR}"


def remove_library(service: Path) -> str:
    edit(service, LIST, "pyjwt[crypto]\n", "")
    return f"{LOCK} was made of pyjwt[crypto], which is gone: {REPAIR}"


def ask_for_an_extra(service: Path) -> str:
    edit(service, LIST, "pyjwt[crypto]", "pyjwt")
    return f"{LOCK} knows nothing of pyjwt: {REPAIR}"


def pin_as_team(service: Path) -> str:
    append(service, TEAM, "idna<3")
    return f"{LOCK} knows nothing of idna<3 ({TEAM}): {REPAIR}"


def raise_as_template(service: Path) -> str:
    pin = next(each for each in merge(service) if each.startswith("idna=="))
    edit(service, "constraints.txt", pin, "idna==99.0")
    return f"{LOCK} has {pin}, the constraints idna==99.0: {REPAIR}"


def edit_what_is_made(service: Path) -> str:
    append(service, EFFECTIVE, "idna==99.0")
    return f"{EFFECTIVE} is not what constraints.txt, {TEAM} and {LOCK} make: {REPAIR}"


def lose_the_lock(service: Path) -> str:
    (service / LOCK).unlink()
    return f"{LOCK} is not there: {REPAIR}"


def lose_the_constraints(service: Path) -> str:
    (service / EFFECTIVE).unlink()
    return f"{EFFECTIVE} is not what constraints.txt, {TEAM} and {LOCK} make: {REPAIR}"


CHANGES = (
    add_library,
    remove_library,
    ask_for_an_extra,
    pin_as_team,
    raise_as_template,
    edit_what_is_made,
    lose_the_lock,
    lose_the_constraints,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_stale_is_said_in_one_sentence(
    service: Path, change: Callable[[Path], str]
) -> None:
    expected = change(service)
    assert say(service, "--check") == expected


def test_pins_of_tools_do_not_concern_the_lock(service: Path) -> None:
    pin = next(each for each in merge(service) if each.startswith("ruff=="))
    for name in ("constraints.txt", EFFECTIVE):
        edit(service, name, pin, "ruff==99.0")
    assert check(sys.executable, *TOOL, "--check", cwd=service) == ""


@pytest.mark.parametrize(
    "line",
    [
        "pyjwt[crypto]==2.15.1",
        "idna",
        "idna @ https://example.com/idna.whl",
        "idna==3.20 --hash=sha256:00",
        "--index-url https://example.com/simple",
        "-r more.txt",
    ],
)
def test_a_line_that_is_no_pin_is_named(service: Path, line: str) -> None:
    append(service, TEAM, line)
    assert say(service, "--check") == (
        f"{TEAM} has {line!r}, which is no pin: write NAME==VERSION, without extras, URLs, hashes "
        "and options."
    )


def copy_for_image(service: Path, folder: Path) -> Path:
    """Copy what the first stage of the image gets before it installs, as its Dockerfile says."""
    dockerfile = (service / "Dockerfile").read_text(encoding="utf-8")
    (copied,) = re.findall(r"^COPY (.*lock\.py) \./$", dockerfile, re.MULTILINE)
    ignored = (service / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    folder.mkdir()
    for path in (path for pattern in copied.split() for path in service.glob(pattern)):
        if any(path in service.glob(pattern) for pattern in sent):
            shutil.copy(path, folder)
    return folder


def test_the_image_is_built_of_a_lock_that_is_up_to_date(service: Path, tmp_path: Path) -> None:
    append(service, TEAM, "# none yet")
    built = copy_for_image(service, tmp_path / "built")
    assert {path.name for path in built.iterdir()} == {
        "constraints.txt",
        "lock.py",
        "requirements-runtime.txt",
        "requirements-service.txt",
        *(TEAM, EFFECTIVE, LOCK),
    }
    assert check(sys.executable, "lock.py", "--check", cwd=built) == ""
    installed = "--require-hashes --requirements requirements-runtime.lock"
    assert installed in (service / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_build_of_the_image_says_what_is_stale(
    service: Path, tmp_path: Path, change: Callable[[Path], str]
) -> None:
    expected = change(service)
    built = copy_for_image(service, tmp_path / "built")
    done = run(sys.executable, "lock.py", "--check", cwd=built)
    assert (done.returncode, done.stdout) == (1, f"lock: {expected}\n")


def test_no_lock_tells_the_address_of_an_index() -> None:
    assert "://" not in (ROOT / FOLDER / LOCK).read_text(encoding="utf-8")


def list_pinning_files() -> set[str]:
    """List the files in which a bot could find pins of libraries."""
    service = render(TELLING["default"])
    found = (service.glob(f"{kind}*") for kind in ("constraints", "requirements"))
    return {path.name for paths in found for path in paths} | {TEAM}


def test_bots_raise_the_teams_own_libraries_and_nothing_that_an_update_or_a_lock_writes() -> None:
    text = (render(TELLING["default"]) / ".github/dependabot.yml").read_text(encoding="utf-8")
    pip = next(each for each in yaml.safe_load(text)["updates"] if each["directory"] == "/")
    assert pip["package-ecosystem"] == "pip"
    left = list_pinning_files() - set(pip["exclude-paths"])
    assert left == {"requirements-service.txt"}
    renovate = json.loads((render(TELLING["no-database"]) / "renovate.json").read_text("utf-8"))
    rules = [each for each in renovate["packageRules"] if each.get("enabled") is False]
    disabled = {name for rule in rules for name in rule.get("matchFileNames", ())}
    # It looks for requirements that end so; constraints it does not know.
    seen = {name for name in list_pinning_files() if re.search(r"requirements.*\.txt$", name)}
    assert seen - disabled == {"requirements-service.txt"}
