"""A service of the sample system passes its own checks, as its team would run them.

The other one's are run when it is updated, in `test_updates_history.py`.
"""

from pathlib import Path

import pytest

from tests.environments import make_own
from tests.recipes import check_recipe
from tests.tasks_system import SYSTEM
from tools.system import build

pytestmark = [pytest.mark.slow, pytest.mark.waits]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system as it is rendered."""
    return build(SYSTEM, tmp_path_factory.mktemp("tasks"), lambda _: None)


def test_the_api_passes_its_checks(made: Path) -> None:
    service = made / "tasks-api"
    (service / ".venv").symlink_to(make_own(service))
    assert "passed" in check_recipe(service, "check")
