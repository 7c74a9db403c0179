"""What services import is compiled once for all of them."""

import os
from pathlib import Path

import pytest

from tests import programs
from tests.programs import share_bytecode

COMMON = "lib/python3.11/site-packages/pydantic/__init__.py"


@pytest.fixture
def bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what is compiled."""
    monkeypatch.setattr(programs, "BYTECODE", tmp_path / "bytecode")
    monkeypatch.setattr(programs, "LIBRARIES", tmp_path / "libraries")
    return tmp_path / "bytecode"


def make_environment(folder: Path) -> Path:
    """Make a folder that has what every environment of a service has."""
    (folder / COMMON).parent.mkdir(parents=True)
    (folder / COMMON).touch()
    return folder


def find_place(bytecode: Path, environment: Path) -> Path:
    """Return where Python keeps what it compiles of an environment."""
    share_bytecode(environment)
    return (bytecode / environment.relative_to("/") / "lib").resolve()


def test_links_to_an_environment_share_one_place(bytecode: Path, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "environment")
    (tmp_path / "link").symlink_to(environment)
    assert find_place(bytecode, environment) == find_place(bytecode, tmp_path / "link")


def test_environments_share_one_place_when_their_files_are_the_same(
    bytecode: Path, tmp_path: Path
) -> None:
    one, linked, copied = (make_environment(tmp_path / name) for name in ("one", "two", "three"))
    (linked / COMMON).unlink()
    (linked / COMMON).hardlink_to(one / COMMON)
    os.utime(copied / COMMON, (0, 0))
    assert find_place(bytecode, one) == find_place(bytecode, linked)
    assert find_place(bytecode, one) != find_place(bytecode, copied)


def test_what_is_compiled_already_stays_where_it_is(bytecode: Path, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "environment")
    place = bytecode / environment.relative_to("/") / "lib"
    place.mkdir(parents=True)
    assert find_place(bytecode, environment) == place
