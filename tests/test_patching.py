"""`just patch` goes ahead of the template's pins, or changes nothing; every installer follows."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.combinations import TELLING
from tests.environments import make_once
from tests.programs import check, find_program
from tests.recipes import check_recipe, run_recipe
from tests.renders import render
from tests.small_template import ROOT
from tests.test_audit import Vulnerabilities
from tests.test_pins import EFFECTIVE, LOCK, TEAM, append, edit, read_locked
from tools.updates.pins import WRITTEN

pytestmark = pytest.mark.slow

# The oldest that Python 3.11 came with.
OLDEST_PIP = "22.3"
CONSTRAINTS = "constraints.txt"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with an environment of its own, which patches may change."""
    service = tmp_path_factory.mktemp("patching") / "service"
    shutil.copytree(render(TELLING["api-alone"]), service)
    check_recipe(service, "install")
    return service


@pytest.fixture
def service(installed: Path) -> Iterator[Path]:
    """The same service, without what the test before did to its files."""
    yield installed
    for path in (installed / name for name in WRITTEN):
        path.unlink(missing_ok=True)
    rendered = render(TELLING["api-alone"])
    for name in (EFFECTIVE, LOCK, "requirements-service.txt", "justfile"):
        shutil.copy(rendered / name, installed)


@pytest.fixture
def vulnerabilities() -> Iterator[Vulnerabilities]:
    """A stand-in for the place where vulnerabilities are known."""
    with Vulnerabilities() as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def point_at(server: Vulnerabilities) -> dict[str, str]:
    """Return variables that audits and tests of a service heed."""
    return {
        "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
        "PIP_AUDIT_OSV_URL": f"http://127.0.0.1:{server.server_port}",
        "PYTEST_ADDOPTS": "-k test_urls",
    }


def read_files(service: Path) -> dict[str, bytes]:
    """Return the files that a patch writes, those that are there."""
    there = (name for name in WRITTEN if (service / name).exists())
    return {name: (service / name).read_bytes() for name in there}


def find_version(service: Path, name: str) -> str:
    """Return the version of an installed library."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return check(service / ".venv/bin/python", "-c", code, cwd=service).strip()


def test_a_pin_is_locked_installed_audited_and_tested(
    service: Path, vulnerabilities: Vulnerabilities
) -> None:
    append(service, TEAM, "IDNA==3.10  # an older patch")
    said = check_recipe(service, "patch", "Idna==3.18", **point_at(vulnerabilities))
    assert said.splitlines()[-1].startswith("Idna==3.18: locked, installed, audited, tested.")
    assert (service / TEAM).read_text(encoding="utf-8") == "idna==3.18\n"
    assert "idna==3.18\n" in (service / EFFECTIVE).read_text(encoding="utf-8")
    assert read_locked((service / LOCK).read_text(encoding="utf-8"))["idna"] == "3.18"
    assert find_version(service, "idna") == "3.18"
    assert "idna" in vulnerabilities.asked
    check_recipe(service, "lock", "--check")
    assert "://" not in "".join(text.decode() for text in read_files(service).values())


def test_the_first_patch_says_whose_file_it_writes(
    service: Path, vulnerabilities: Vulnerabilities
) -> None:
    check_recipe(
        service, "patch", "certifi==2026.4.22", "ruff==0.17.4", **point_at(vulnerabilities)
    )
    heading, *pins = (service / TEAM).read_text(encoding="utf-8").splitlines()[1:]
    assert "an update of the template drops those" in heading
    assert pins == ["certifi==2026.4.22", "ruff==0.17.4"]
    # A tool is no part of the image.
    assert "ruff" not in read_locked((service / LOCK).read_text(encoding="utf-8"))


REFUSED = {
    "idna==3.999": "there is no version of idna==3.999",
    "starlette==0.40.0": "fastapi",
    "nosuch-library==1.0": "Nothing that this service installs needs nosuch-library",
    "idna": "'idna' is no pin: write NAME==VERSION",
    "idna>=3": "'idna>=3' is no pin: write NAME==VERSION",
    "pyjwt[crypto]==2.15.0": "is no pin: write NAME==VERSION, without extras and markers",
    "pillow==12.1.0": "Pillow==12.0.0 stands in requirements-service.txt: change it there",
}


@pytest.mark.parametrize("pin", REFUSED)
def test_a_pin_that_cannot_be_is_refused_in_one_sentence(service: Path, pin: str) -> None:
    append(service, "requirements-service.txt", "Pillow==12.0.0")
    before = read_files(service)
    done = run_recipe(service, "patch", pin)
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("lock: ")
    assert REFUSED[pin] in done.stdout
    assert read_files(service) == before


def test_a_pin_that_is_in_force_is_refused(service: Path) -> None:
    pins = (service / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
    pin = next(each for each in pins if each.startswith("idna=="))
    assert f"{pin} is in force already" in run_recipe(service, "patch", pin).stdout


def test_what_cannot_be_installed_changes_nothing(service: Path) -> None:
    edit(service, "justfile", "    @test -x .venv/bin/python", "    @false")
    before = read_files(service)
    done = run_recipe(service, "patch", "idna==3.18")
    assert "The libraries cannot be installed (see above): nothing was changed." in done.stdout
    assert read_files(service) == before


def test_a_vulnerability_that_is_left_is_said(
    service: Path, vulnerabilities: Vulnerabilities
) -> None:
    vulnerabilities.known.add("starlette")
    done = run_recipe(service, "patch", "idna==3.17", **point_at(vulnerabilities))
    assert done.returncode == 1
    assert "`./just audit` fails with idna==3.17 (see above). Go on from here, or " in done.stdout
    assert TEAM in read_files(service)


def test_a_library_of_the_team_is_locked_with_what_it_needs(service: Path) -> None:
    append(service, "requirements-service.txt", "python-slugify==8.0.4")
    refused = run_recipe(service, "lock", "--check")
    assert refused.returncode == 1
    check_recipe(service, "lock")
    locked = read_locked((service / LOCK).read_text(encoding="utf-8"))
    assert locked["python-slugify"] == "8.0.4"
    # What no constraint pinned is pinned for the people too, not for the image alone.
    needed = f"text-unidecode=={locked['text-unidecode']}\n"
    assert needed in (service / EFFECTIVE).read_text(encoding="utf-8")
    check_recipe(service, "lock", "--check")


def test_a_library_without_hashes_is_refused(service: Path) -> None:
    library = service / "library"
    library.mkdir()
    (library / "pyproject.toml").write_text('[project]\nname = "library"\nversion = "1.0"\n')
    append(service, "requirements-service.txt", "./library")
    before = read_files(service)
    done = run_recipe(service, "lock")
    assert done.stdout.startswith("lock: ./library has no hash, because no index has it: ")
    assert read_files(service) == before


def list_installers() -> dict[str, tuple[str | Path, ...]]:
    """Return how the oldest and the newest pip and uv are started."""
    pins = (render(TELLING["api-alone"]) / CONSTRAINTS).read_text(encoding="utf-8")
    newest = next(each[5:] for each in pins.splitlines() if each.startswith("pip=="))
    pips = {
        name: make_once(f"pip-{version}", f"pip=={version}", cwd=ROOT) / "bin" / "python"
        for name, version in (("oldest pip", OLDEST_PIP), ("newest pip", newest))
    }
    commands: dict[str, tuple[str | Path, ...]] = {
        name: (python, "-m", "pip", "install", "--quiet", "--no-compile")
        for name, python in pips.items()
    }
    return commands | {"uv": (find_program("uv"), "pip", "install", "--quiet")}


@pytest.mark.parametrize("installer", ["oldest pip", "newest pip", "uv"])
def test_every_installer_follows_the_teams_pin(
    installer: str, service: Path, tmp_path: Path
) -> None:
    append(service, TEAM, "Idna==3.18")
    check_recipe(service, "lock")
    command = list_installers()[installer]
    locked = ("--target", tmp_path / "locked", "--require-hashes", "--requirement", LOCK)
    check(*command, *locked, cwd=service)
    assert (tmp_path / "locked/idna-3.18.dist-info").is_dir()
    assert not list((tmp_path / "locked").glob("pytest-*"))
    # Few libraries, and all constraints: pip asks the index for each.
    few = service / "few.txt"
    few.write_text(f"-c {EFFECTIVE}\nrequests\n", encoding="utf-8")
    listed = ("--target", tmp_path / "listed", "--requirement", few)
    check(*command, *listed, cwd=service)
    assert (tmp_path / "listed/idna-3.18.dist-info").is_dir()
