"""The services of the sample system pass their own checks, as their teams would run them."""

from pathlib import Path

import pytest

from tests.environments import make_own
from tests.recipes import check_recipe
from tests.tasks_system import SYSTEM
from tools.system import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system as it is rendered."""
    return build(SYSTEM, tmp_path_factory.mktemp("tasks"), lambda _: None)


@pytest.mark.parametrize("name", ["tasks-api", "tasks-worker"])
def test_a_service_passes_its_checks(made: Path, name: str) -> None:
    service = made / name
    (service / ".venv").symlink_to(make_own(service))
    assert "passed" in check_recipe(service, "check")
