"""Programs that make a system leave nothing in it that nobody asked for."""

import sys
from pathlib import Path

import pytest

from tools.system.programs import run

PREFIX = "PYTHONPYCACHEPREFIX"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A folder with a module."""
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "module.py").touch()
    return folder


def list_after_import(service: Path) -> list[str]:
    """List what is in the folder once its module has been imported."""
    run("It cannot be imported", [sys.executable, "-c", "import module"], cwd=service)
    return [path.name for path in service.iterdir()]


def test_modules_are_not_compiled_beside_them(
    service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PREFIX)
    assert list_after_import(service) == ["module.py"]


def test_modules_are_compiled_where_the_caller_wants_them(
    service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX, str(tmp_path / "compiled"))
    assert list_after_import(service) == ["module.py"]
    assert len(list((tmp_path / "compiled").rglob("module.*.pyc"))) == 1
