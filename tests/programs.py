"""Run the programs that check and build services, as a developer's shell would."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.small_template import ROOT

# Nothing may write into a shared render, and compiling all libraries at each start takes seconds.
BYTECODE = ROOT / "build" / "bytecode"
# What a service must not notice: that this repository's tests are what started it.
HIDDEN = ("PYTEST_", "VIRTUAL_ENV", "PYTHON", "TEST_", "RENDERS_")


@cache
def find_program(name: str) -> str:
    """Return the path of just or uv: on PATH, or where the bootstrap put it."""
    found = shutil.which(name) or next(map(str, (ROOT / ".tools").glob(f"{name}-*/bin/{name}")), "")
    if not found:
        pytest.fail(f"{name} was not found: start the tests with ./just test")
    return found


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment without what is only this repository's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    return kept | {"PYTHONPYCACHEPREFIX": str(BYTECODE)} | variables


def run(
    *command: str | Path, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def check(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Run a program that must succeed, and return what it said."""
    result = run(*command, cwd=cwd, **variables)
    if result.returncode != 0:
        pytest.fail(f"in {cwd}: {' '.join(map(str, command))}\n{result.stdout}", pytrace=False)
    return result.stdout
