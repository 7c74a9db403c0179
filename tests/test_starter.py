"""`just clear-starter` removes the sample domain, loses nothing, and what remains passes."""

import re
from pathlib import Path

import pytest

from tests.combinations import TELLING, Combination
from tests.recipes import check_recipe, commit, make_service, run_recipe

pytestmark = pytest.mark.slow


CHECKED = [
    pytest.param(each, id=name, marks=() if name == "worker-on-kafka" else pytest.mark.weekly)
    for name, each in TELLING.items()
    # Beside manifests, which no check of a service reads, all that the default has.
    if name != "everything"
]


@pytest.mark.waits
@pytest.mark.parametrize("combination", CHECKED)
def test_what_remains_passes_its_checks(tmp_path: Path, combination: Combination) -> None:
    folder = make_service(tmp_path / "service", combination)
    commit(folder)
    check_recipe(folder, "clear-starter")
    left = [path for path in folder.glob("app/**/*.py") if "lamp" in path.read_text()]
    assert left == []
    assert not list(folder.glob("tests/service/test_*.py"))
    assert "item" not in (folder / "README.md").read_text(encoding="utf-8")
    assert "passed" in check_recipe(folder, "check")


MODEL = '''

class Order(Base):
    """An order."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
'''


def test_the_next_migrations_know_nothing_of_the_starter(tmp_path: Path) -> None:
    folder = make_service(tmp_path / "service", TELLING["default"])
    commit(folder)
    # As `just run` does, which the printed steps come to first.
    check_recipe(folder, "migrate")
    assert "service.db still has" in check_recipe(folder, "clear-starter")
    first = write_migration(folder, "Nothing yet.")
    assert re.findall(r"op\.\w+", first) == []
    models = folder / "app/domain/models.py"
    imports = "from sqlalchemy.orm import Mapped, mapped_column\n\nfrom app.database import Base\n"
    models.write_text(f"{models.read_text()}\n{imports}{MODEL}")
    second = write_migration(folder, "Add orders.")
    assert re.findall(r"op\.\w+_table\(\s*\"\w+", second) == [
        'op.create_table(\n        "orders',
        'op.drop_table("orders',
    ]
    (folder / "service.db").unlink()
    check_recipe(folder, "migrate")


def write_migration(folder: Path, message: str) -> str:
    """Return the migration that the recipe writes."""
    before = set(folder.glob("migrations/service/*.py"))
    check_recipe(folder, "migration", message)
    [new] = set(folder.glob("migrations/service/*.py")) - before
    return new.read_text()


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
