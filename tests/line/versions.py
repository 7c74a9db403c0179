"""The twenty versions, in order."""

import pytest

from tests.line import code, surroundings
from tests.line.services import Workshop
from tests.line.template import make_line

STEPS = (
    code.reword,
    code.change_beside_seams,
    code.add_module,
    code.raise_library,
    surroundings.ask_who_reviews,
    code.add_table,
    surroundings.add_recipe,
    surroundings.offer_another_ci,
    code.move_module,
    surroundings.give_away_editorconfig,
    surroundings.open_seam,
    surroundings.change_workflows,
    surroundings.add_picture,
    code.tidy_tests,
    code.add_setting,
    surroundings.move_into_the_teams_zone,
    surroundings.improve_starters,
    surroundings.move_picture,
    code.name_the_licence,
)
COUNT = len(STEPS) + 1
LATEST = f"v{COUNT}"


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Make the template with all its versions."""
    home = tmp_path_factory.mktemp("line")
    return Workshop(make_line(home / "template", code.start, STEPS), home)
