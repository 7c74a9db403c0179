"""Run the recipes of a rendered service as its team does."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.combinations import Combination
from tests.environments import make_own
from tests.programs import check, find_program, run
from tests.renders import render

IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")


def make_service(folder: Path, combination: Combination) -> Path:
    """Copy a rendered service that tests may change, with its environment."""
    shutil.copytree(render(combination), folder)
    (folder / ".venv").symlink_to(make_own(folder))
    return folder


def share_tools() -> dict[str, str]:
    """Return variables with which just finds uv."""
    return {"PATH": os.pathsep.join((str(Path(find_program("uv")).parent), os.environ["PATH"]))}


def run_recipe(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a recipe and return what it said."""
    return run(find_program("just"), *arguments, cwd=folder, **share_tools(), **variables)


def check_recipe(folder: Path, *arguments: str, **variables: str) -> str:
    """Run a recipe that must succeed, and return what it said."""
    return check(find_program("just"), *arguments, cwd=folder, **share_tools(), **variables)


def commit(folder: Path) -> None:
    """Put all of a folder under git."""
    check("git", "init", "--quiet", cwd=folder)
    check("git", "add", "--all", cwd=folder)
    check("git", *IDENTITY, "commit", "--quiet", "--message", "start", cwd=folder)
