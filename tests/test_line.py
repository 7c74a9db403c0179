"""Services follow twenty versions of the template, and nothing of their teams' is touched."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.combinations import choose
from tests.environments import make_own
from tests.line.services import Service, Workshop
from tests.line.trees import read_tree
from tests.line.versions import COUNT, LATEST
from tests.line.work import LATER, START
from tests.recipes import check_recipe, commit

pytestmark = [pytest.mark.slow, pytest.mark.waits]

# What a new version brings into the zone of teams: files to begin with.
NEW_SEAMS = {"deploy/observability/rules/service.yml", "tests/service/pre-commit.yaml"}
OTHERS = {
    "worker-on-kafka": (
        choose(interface="worker", broker="kafka", database="mysql", cache="none", kubernetes=True),
        {"reviewers": "false"},
    ),
    "api-alone": (
        choose(interface="api", broker="none", database="none", cache="none", ci="none"),
        {"ci": "woodpecker"},
    ),
    "one-machine": (choose(broker="rabbitmq", database="sqlite", ci="gitlab"), {}),
}

# The first one has what no other service here has.
WEEKLY = ("api-alone", "one-machine")


def test_a_service_takes_every_version_while_its_team_works(line: Workshop) -> None:
    service = line.create("notes", "v1", {})
    service.lay("notes")
    answered: dict[str, object] = {}
    for number in range(2, COUNT + 1):
        answered |= follow(line, service, f"v{number}", {})
        if number in LATER:
            service.work(LATER[number])
        print(f"[{number}/{COUNT}] {service.folder.parent.name}")
    assert answered == {"reviewers": True}
    assert line.find_differences(service, LATEST) == []
    check_service(service.folder)


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=pytest.mark.weekly if each in WEEKLY else ()) for each in OTHERS],
)
def test_services_of_other_answers_take_all_at_once(line: Workshop, name: str) -> None:
    combination, answers = OTHERS[name]
    service = line.create(name, "v1", combination.answers)
    service.work(START)
    follow(line, service, LATEST, answers)
    assert line.find_differences(service, LATEST) == []
    check_service(service.folder)


def test_only_lines_that_the_template_changes_too_are_in_conflict(line: Workshop) -> None:
    service = line.create("edited", "v1", {})
    edit(service, "Dockerfile", "# The service drains on SIGTERM", "# It drains on SIGTERM")
    edit(service, "docker-compose.yml", "start_period: 60s", "start_period: 90s")
    before = read_tree(service.folder)
    (conflict,) = line.update(service, LATEST, {}).conflicts
    assert conflict.path == "Dockerfile"
    assert "+# It drains on SIGTERM;" in conflict.yours
    assert "+# On SIGTERM the service drains;" in conflict.template
    assert read_tree(service.folder) == before
    edit(service, "Dockerfile", "# It drains on SIGTERM", "# The service drains on SIGTERM")
    follow(line, service, LATEST, {})
    (difference,) = line.find_differences(service, LATEST)
    assert difference.startswith("docker-compose.yml: ")
    assert "start_period: 90s" in (service.folder / "docker-compose.yml").read_text()


def edit(service: Service, name: str, old: str, new: str) -> None:
    """Change a file of the template's zone, which a team should not."""
    path = service.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    commit(service.folder)


def follow(
    line: Workshop, service: Service, version: str, answers: Mapping[str, str]
) -> Mapping[str, object]:
    """Update a service, commit it, and return the new questions with their answers."""
    before = service.read_teams()
    outcome = line.update(service, version, answers)
    assert outcome.conflicts == ()
    after = service.read_teams()
    assert {name: after.get(name) for name in before} == before
    assert after.keys() - before.keys() <= {*NEW_SEAMS, ".editorconfig"}
    commit(service.folder)
    return outcome.questions


def check_service(folder: Path) -> None:
    """Run the service's checks in an environment with its own libraries."""
    (folder / ".venv").symlink_to(make_own(folder))
    check_recipe(folder, "lock")
    check_recipe(folder, "settings", "--example")
    check_recipe(folder, "check")
