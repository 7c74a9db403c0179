"""What a rendered service's own `just check` demands holds in every combination."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.combinations import Combination
from tests.environments import locked, make_full
from tests.marks import AMONG, choose_folders, spread
from tests.programs import check, find_program
from tests.renders import PARTS, RENDERS, render

# Together on one worker: its mypy analyses what it has not seen, and neighbours differ little.
pytestmark = pytest.mark.waits

CODE = PARTS["code"]
EACH_CODE = pytest.mark.parametrize(
    "combination",
    spread(CODE.representatives(), CODE),
    ids=lambda each: "_".join(map(str, CODE.key(each))),
)
# The folder of the renders is ignored by git, but not here.
RUFF = ("--no-cache", "--no-respect-gitignore")


@cache
def full_bin() -> Path:
    """Return the programs of the environment in which every option is installed."""
    return make_full() / "bin"


@AMONG
def test_code_is_formatted(*, every: bool) -> None:
    folders = choose_folders(CODE, every=every)
    said = check(full_bin() / "ruff", "format", "--check", *RUFF, *folders)
    assert int(re.findall(r"(\d+) files already formatted", said)[0]) > 20 * len(folders)


@AMONG
def test_code_passes_the_linter(*, every: bool) -> None:
    folders = choose_folders(CODE, every=every)
    check(full_bin() / "ruff", "check", "--output-format=concise", *RUFF, *folders)


@EACH_CODE
def test_code_passes_strict_types(combination: Combination) -> None:
    # Services are much alike and share a cache, which only one mypy may write to.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    cache_folder = RENDERS.parent / "mypy" / worker
    options = (f"--cache-dir={cache_folder}", *read_type_check(combination))
    with locked(cache_folder.with_suffix(".lock")):
        assert "Success" in check(full_bin() / "mypy", *options, cwd=render(combination))


def read_type_check(combination: Combination) -> list[str]:
    """Return what the service's own recipe gives to mypy."""
    recipes = (render(combination) / "justfile").read_text(encoding="utf-8")
    found = re.search(r"^ +@?mypy (.+)$", recipes, re.MULTILINE)
    assert found is not None
    return found[1].split()


@EACH_CODE
def test_imports_go_the_right_way(combination: Combination) -> None:
    command = (full_bin() / "lint-imports", "--no-cache", "--no-logo")
    assert " 0 broken" in check(*command, cwd=render(combination))


@EACH_CODE
def test_example_of_the_environment_is_what_the_settings_say(combination: Combination) -> None:
    command = (full_bin() / "python", "-m", "app.commands.settings", "--check")
    check(*command, cwd=render(combination))


@AMONG
def test_recipes_are_listed_and_formatted(*, every: bool) -> None:
    just = find_program("just")
    for folder in choose_folders(PARTS["recipes"], every=every):
        listed = check(just, "--list", cwd=folder)
        assert re.findall(r"^ +(check|test|lint|up) .*# \w", listed, re.MULTILINE)
        check(just, "--fmt", "--check", cwd=folder)


@AMONG
def test_toml_of_a_service_says_which_service(*, every: bool) -> None:
    for folder in choose_folders(CODE, every=every):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert project["name"] == folder.name
