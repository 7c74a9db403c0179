"""Each service of Dev Talk passes what the CI of a service does, and so do all of them in one."""

from pathlib import Path

import pytest

from tests.conformance.api import Api
from tests.dev_talk_system import SERVICES, list_failures, run_single
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


def test_whatever_somebody_with_a_token_sends_has_an_answer_that_the_document_tells_of(
    single_folder: Path, tmp_path: Path
) -> None:
    service = single_folder / "dev-talk"
    with run_single(single_folder, tmp_path) as address:
        token = Api(address).register().token
        origin = address.removesuffix("/api")
        options = ["--header", f"Authorization: Token {token}", "--max-examples", "30"]
        # A document cannot say which texts are taken; and a session that ends says nothing more.
        options += ["--exclude-checks", "positive_data_acceptance"]
        options += ["--exclude-path-regex", "/user/session", "--generation-deterministic"]
        program = make_own(service) / "bin" / "schemathesis"
        check(program, "run", f"{origin}/openapi.json", "--url", origin, *options, cwd=tmp_path)
    assert list_failures(tmp_path) == []
