"""A team replaces the whole domain through the seams, and no file of the template changes."""

import sqlite3
from pathlib import Path

import pytest

from tests.combinations import DEFAULT
from tests.environments import make_own
from tests.programs import check, find_program
from tests.recipes import check_recipe, make_service, run_recipe
from tests.zones import lay_overlay, read_template_zone

pytestmark = [pytest.mark.slow, pytest.mark.waits]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service whose team has used every seam, in its own environment."""
    folder = make_service(tmp_path_factory.mktemp("seams") / "notes", DEFAULT)
    before = read_template_zone(folder)
    added = {str(path) for path in lay_overlay("notes", folder)}
    after = {name: text for name, text in read_template_zone(folder).items() if name not in added}
    assert after == before
    (folder / ".venv").unlink()
    (folder / ".venv").symlink_to(make_own(folder))
    check_recipe(folder, "lock")
    check_recipe(folder, "settings", "--example")
    return folder


def test_its_checks_pass(service: Path) -> None:
    assert "passed" in check_recipe(service, "check")


def test_its_messages_are_promised(service: Path) -> None:
    document = service / "asyncapi.json"
    assert check_recipe(service, "asyncapi") == "wrote asyncapi.json\n"
    assert check_recipe(service, "asyncapi", "--check") == ""
    promised = document.read_text(encoding="utf-8")
    document.write_text(promised.replace("note.written", "note.told"), encoding="utf-8")
    refused = run_recipe(service, "asyncapi", "--check")
    assert refused.returncode == 1
    assert "is not sent any more" in refused.stdout
    assert check_recipe(service, "asyncapi", "--accept-breaks") == "wrote asyncapi.json\n"
    assert document.read_text(encoding="utf-8") == promised


def test_its_migration_runs_after_the_templates(service: Path) -> None:
    check_recipe(service, "migrate")
    with sqlite3.connect(service / "service.db") as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert {"notes", "outbox", "inbox", "job_schedule"} <= {name for (name,) in rows}


def test_its_recipe_stands_in_the_list_and_runs(service: Path) -> None:
    assert "Greet the team" in check_recipe(service, "--list")
    assert check_recipe(service, "greet") == "hello from the team\n"


def test_its_compose_service_and_its_ci_job_are_valid(service: Path) -> None:
    validate = (find_program("check-jsonschema"), "--builtin-schema")
    check(*validate, "vendor.compose-spec", "docker-compose.override.yml", cwd=service)
    check(*validate, "vendor.github-workflows", ".github/workflows/team.yml", cwd=service)


def test_its_settings_stand_in_the_example(service: Path) -> None:
    assert "# NOTE_SIGNATURE='the team'" in (service / ".env.example").read_text(encoding="utf-8")


def test_its_settings_are_read_and_its_resource_is_examined(service: Path) -> None:
    assert "service    development: ok" in check_recipe(service, "doctor")
