"""Run the programs that check and build services, as a developer's shell would."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from tests.small_template import ROOT

# Nothing may write into a shared render, and compiling all libraries at each start takes seconds.
BYTECODE = ROOT / "build" / "bytecode"
# Environments hold the same files, and compiling all that a service imports takes three seconds.
LIBRARIES = ROOT / "build" / "libraries"
MYPY_CACHES = ROOT / "build" / "mypy"
# What every service has.
COMMON = "lib/python*/site-packages/pydantic/__init__.py"
# What a service must not notice: that this repository's tests are what started it.
HIDDEN = ("PYTEST_", "VIRTUAL_ENV", "PYTHON", "TEST_", "RENDERS_")
# Thrice what the longest takes beside others: what hangs fails, and lets the rest of a run pass.
ENDINGS = ((signal.SIGINT, 900.0), (signal.SIGKILL, 30.0))


@cache
def find_program(name: str) -> str:
    """Return the path of just or uv: on PATH, or where the bootstrap put it."""
    found = shutil.which(name) or next(map(str, (ROOT / ".tools").glob(f"{name}-*/bin/{name}")), "")
    if not found:
        pytest.fail(f"{name} was not found: start the tests with ./just test")
    return found


def miss(what: str) -> NoReturn:
    """Skip what this machine cannot test; fail in CI, which skips nothing."""
    # A developer may do without.
    say = pytest.fail if os.environ.get("CI") else pytest.skip
    say(what)


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment without what is only this repository's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    return kept | {"PYTHONPYCACHEPREFIX": str(BYTECODE)} | variables


def share_bytecode(environment: Path) -> None:
    """Let an environment use what is compiled already in others with the same files."""
    place = BYTECODE / environment.absolute().relative_to("/") / "lib"
    common = next(environment.glob(COMMON), None)
    if common is None or place.exists():
        return
    # Python compares times: where files are copied instead of linked, each has its own.
    libraries = LIBRARIES / str(common.stat().st_mtime_ns)
    libraries.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place.symlink_to(libraries)


def run(
    *command: str | Path, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said; one that hangs is interrupted, and says where."""
    share_bytecode(cwd / ".venv")
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=cwd,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        for ending, seconds in ENDINGS:
            with suppress(subprocess.TimeoutExpired):
                said, _ = process.communicate(timeout=seconds)
                return subprocess.CompletedProcess(command, process.returncode, said)
            os.killpg(process.pid, ending)
        said, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, said)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def check(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Run a program that must succeed, and return what it said."""
    result = run(*command, cwd=cwd, **variables)
    if result.returncode != 0:
        pytest.fail(f"in {cwd}: {' '.join(map(str, command))}\n{result.stdout}", pytrace=False)
    return result.stdout
