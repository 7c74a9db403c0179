"""`just clear-starter` removes the sample domain, loses nothing, and what remains passes."""

from pathlib import Path

import pytest

from tests.combinations import TELLING, Combination
from tests.recipes import check_recipe, commit, make_service, run_recipe

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("combination", TELLING.values(), ids=TELLING)
def test_what_remains_passes_its_checks(tmp_path: Path, combination: Combination) -> None:
    folder = make_service(tmp_path / "service", combination)
    commit(folder)
    check_recipe(folder, "clear-starter")
    left = [path for path in folder.glob("app/**/*.py") if "lamp" in path.read_text()]
    assert left == []
    assert not list(folder.glob("tests/service/test_*.py"))
    assert "passed" in check_recipe(folder, "check")


@pytest.mark.parametrize("state", ["not in git", "ignored by an outer repository", "changed"])
def test_nothing_is_removed_that_git_does_not_hold(tmp_path: Path, state: str) -> None:
    folder = make_service(tmp_path / "service", TELLING["default"])
    if state == "ignored by an outer repository":
        (tmp_path / ".gitignore").write_text("service\n")
        commit(tmp_path)
    if state == "changed":
        commit(folder)
        (folder / "app/domain/service.py").write_text('"""Mine."""\n')
    before = (folder / "app/domain/service.py").read_text()
    result = run_recipe(folder, "clear-starter")
    assert result.returncode != 0
    assert result.stdout.startswith("clear-starter: ")
    assert len(result.stdout.splitlines()) == 1
    assert (folder / "app/domain/service.py").read_text() == before
