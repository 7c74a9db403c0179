"""The real template is updated in services with a team's code in every seam."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.combinations import TELLING
from tests.renders import take_snapshot
from tests.small_template import FOLDER
from tests.template_versions import Versions, commit, create, find_programs, git
from tests.zones import is_team_path, lay_overlay, list_team_paths
from tools.updates import UpdateRefusedError

pytestmark = pytest.mark.slow
ALONE = TELLING["api-alone"].answers
# Comments that a new version of the template adds to each of its Python files.
MARK = "# A newer version.\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put the real template under git."""
    home = tmp_path_factory.mktemp("real")
    shutil.copytree(take_snapshot() / "template", home / "template")
    commit(home / "template")
    return home / "template"


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let just and uv be found."""
    find_programs(monkeypatch)


def start(template: Path, home: Path, answers: Mapping[str, object]) -> Versions:
    """Make a service of a copy of the template."""
    shutil.copytree(template, home / "template")
    service = create(home / "template", home, answers)
    commit(service)
    return Versions(home / "template", service)


def change_everything(versions: Versions) -> None:
    """Release a version in which every Python file of the template is another."""
    for path in (versions.template / FOLDER).rglob("*.py"):
        path.write_text(MARK + path.read_text(encoding="utf-8"), encoding="utf-8")
    versions.release({"app/core/newer.py": '"""Nothing yet."""\n'})


def test_a_teams_code_in_every_seam_is_untouched(template: Path, tmp_path: Path) -> None:
    living = start(template, tmp_path / "notes", {})
    paths = lay_overlay("notes", living.service)
    commit(living.service)
    before = {path: (living.service / path).read_bytes() for path in paths}
    change_everything(living)
    outcome = living.update()
    assert outcome.conflicts == ()
    assert {path: (living.service / path).read_bytes() for path in paths} == before
    team = list_team_paths(living.service)
    changed = living.git("diff", "--cached", "--name-only").split()
    assert not any(Path(name).is_relative_to(each) for name in changed for each in team)
    assert living.read("app/main.py").startswith(MARK)
    assert is_team_path(living.service, Path("app/api/router.py"))


def test_its_checks_decide(template: Path, tmp_path: Path) -> None:
    living = start(template, tmp_path / "alone", ALONE)
    change_everything(living)
    outcome = living.update(check=True)
    assert outcome.checked
    assert outcome.applied
    assert "app/core/newer.py" in outcome.changes.added
    # What checks leave behind does not come along.
    assert git(living.service, "status", "--porcelain", "--ignored").count("!!") == 0


def test_a_library_that_the_new_pins_refuse(template: Path, tmp_path: Path) -> None:
    living = start(template, tmp_path / "alone", ALONE)
    living.edit({"requirements-service.txt": "# ours\nidna==3.4  # old on purpose\n"})
    change_everything(living)
    with pytest.raises(UpdateRefusedError) as refusal:
        living.update(check=True)
    assert "do not go with idna==3.4 in requirements-service.txt" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert living.git("status", "--porcelain") == ""
