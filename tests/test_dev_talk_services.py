"""Each service of Dev Talk passes what the CI of a service does, and so do all of them in one."""

from pathlib import Path

import pytest

from tests.dev_talk_system import SERVICES
from tests.environments import make_own
from tests.programs import check

pytestmark = pytest.mark.slow


@pytest.fixture(params=[*SERVICES, "dev-talk"])
def service(request: pytest.FixtureRequest, single_folder: Path, four_folder: Path) -> Path:
    """A service, which nothing runs."""
    folder = single_folder if request.param == "dev-talk" else four_folder
    return folder / str(request.param)


def run(service: Path, program: str, *arguments: str) -> None:
    """Run a program of a service's environment in it."""
    check(make_own(service) / "bin" / program, *arguments, cwd=service)


def test_it_is_formatted_linted_and_typed(service: Path) -> None:
    run(service, "ruff", "format", "--check", "--quiet")
    run(service, "ruff", "check", "--quiet")
    run(service, "lint-imports", "--no-logo")
    run(service, "mypy", "app", "tests", "tools")


def test_its_own_tests_pass(service: Path) -> None:
    names = ["tests/service"]
    names += [each for each in ("tests/test_migrations.py",) if (service / each).exists()]
    run(service, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *names)


def test_it_answers_what_its_document_tells_of(service: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-p", "schemathesis")
    run(service, "python", "-m", "pytest", *options, "tests/properties")
