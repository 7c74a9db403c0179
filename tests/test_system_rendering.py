"""An overlay replaces the starter, and holds the team's files only."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.combinations import TELLING, Combination
from tests.programs import check
from tests.renders import render
from tests.system_files import write_files
from tools.system.errors import SystemRefusedError
from tools.system.rendering import clear_starter, lay_overlays

TOOLS = Path(sys.executable).parent


@pytest.fixture
def service(tmp_path: Path) -> Path:
    return Path(shutil.copytree(render(TELLING["default"]), tmp_path / "service"))


@pytest.mark.parametrize("combination", TELLING.values(), ids=TELLING)
def test_what_is_left_of_the_starter_needs_no_formatter(
    combination: Combination, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(render(combination), tmp_path / "service"))
    clear_starter(bare)
    assert not list(bare.glob("tests/service/test_*.py"))
    check(TOOLS / "ruff", "format", "--check", "--quiet", cwd=bare)
    check(TOOLS / "ruff", "check", "--quiet", "--no-cache", cwd=bare)


def test_later_overlays_cover_earlier_ones(service: Path, tmp_path: Path) -> None:
    write_files(tmp_path, {"one/app/domain/service.py": "one", "one/app/domain/rules.py": "one"})
    write_files(tmp_path, {"two/app/domain/service.py": "two", "two/docs/notes.md": "two"})
    lay_overlays(service, [tmp_path / "one", tmp_path / "two"])
    assert (service / "app/domain/service.py").read_text() == "two"
    assert (service / "app/domain/rules.py").read_text() == "one"
    assert (service / "docs/notes.md").read_text() == "two"


def test_all_files_of_the_template_are_named_at_once(service: Path, tmp_path: Path) -> None:
    mine = {"mine/app/domain/service.py": "", "mine/README.md": "", "mine/service.just": ""}
    write_files(tmp_path, {**mine, "mine/app/main.py": "", "mine/Dockerfile": ""})
    before = (service / "app/domain/service.py").read_text()
    with pytest.raises(SystemRefusedError) as refusal:
        lay_overlays(service, [tmp_path / "mine"])
    assert "what the template owns: take out Dockerfile, app/main.py;" in str(refusal.value)
    assert (service / "app/domain/service.py").read_text() == before


def test_an_overlay_of_one_answer_may_not_fit_another(tmp_path: Path) -> None:
    write_files(tmp_path, {"mine/app/tasks/consumer.py": ""})
    without = Path(shutil.copytree(render(TELLING["api-alone"]), tmp_path / "service"))
    lay_overlays(without, [tmp_path / "mine"])
    assert (without / "app/tasks/consumer.py").is_file()


@pytest.mark.parametrize("path", ["app/domain", "Dockerfile/notes.txt"])
def test_a_file_and_a_folder_of_one_name(service: Path, tmp_path: Path, path: str) -> None:
    write_files(tmp_path, {f"mine/{path}": ""})
    with pytest.raises(SystemRefusedError, match=f"take out {path}"):
        lay_overlays(service, [tmp_path / "mine"])


def test_leftovers_of_tools_and_secrets_are_not_laid(service: Path, tmp_path: Path) -> None:
    left = ["app/domain/__pycache__/rules.cpython-313.pyc", ".ruff_cache/0", ".env", "service.db"]
    write_files(tmp_path, {f"mine/{path}": "left" for path in left})
    write_files(tmp_path, {"mine/app/domain/rules.py": ""})
    lay_overlays(service, [tmp_path / "mine"])
    assert [path for path in left if (service / path).exists()] == []


@pytest.mark.parametrize("left", [(), ("mine/.ruff_cache/0",)])
def test_an_overlay_without_files(service: Path, tmp_path: Path, left: tuple[str, ...]) -> None:
    (tmp_path / "mine").mkdir()
    write_files(tmp_path, dict.fromkeys(left, ""))
    with pytest.raises(SystemRefusedError, match="mine holds no file: put the team's files there"):
        lay_overlays(service, [tmp_path / "mine"])
