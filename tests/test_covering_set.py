"""Services that cover every two answers install on their own and pass their own tests."""

import shutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.combinations import COVERING, DEFAULT, TELLING, Combination
from tests.environments import make_own
from tests.marks import spread
from tests.programs import check, find_program
from tests.renders import render
from tests.wheels import fetch_service_wheels
from tools.servers import NAMES, find
from tools.servers.fleet import KINDS

WEB = {"fastapi", "starlette", "uvicorn", "uvicorn-worker", "gunicorn", "httptools", "httpx"}
# What each answer brings, and nothing else does.
BROUGHT = {
    ("broker", "rabbitmq"): {"aio-pika", "aiormq"},
    ("broker", "kafka"): {"aiokafka"},
    ("database", "postgresql"): {"asyncpg"},
    ("database", "mysql"): {"asyncmy"},
    ("cache", "redis"): {"redis"},
}
LIST_MODULES = "import sys, app.{entry}; print(*sorted(sys.modules))"
EACH_MEMBER = pytest.mark.parametrize("combination", [DEFAULT, *spread(COVERING[1:])], ids=str)


@cache
def find_servers() -> tuple[Mapping[str, str], list[str]]:
    """Return the variables that name the servers that are there, and the names of the others."""
    found = find()
    variables = {KINDS[name].variable: url for name, url in found.items()}
    return variables, [name for name in NAMES if name not in found]


@pytest.mark.slow
@pytest.mark.servers
def test_every_server_takes_part() -> None:
    _, missing = find_servers()
    assert missing == []


@EACH_MEMBER
def test_member_passes_its_own_tests_with_its_own_requirements(
    combination: Combination, tmp_path: Path
) -> None:
    servers, missing = find_servers()
    environment = make_own(render(combination))
    service = shutil.copytree(render(combination), tmp_path / "service")
    said = check(environment / "bin" / "pytest", "-q", "-rs", cwd=service, **servers)
    assert " passed" in said
    assert missing or "skipped" not in said, said


def list_packages(environment: Path) -> set[str]:
    """Return the names of what is installed."""
    uv = find_program("uv")
    frozen = check(uv, "pip", "freeze", "--python", environment)
    return {line.partition("==")[0] for line in frozen.splitlines()}


@EACH_MEMBER
def test_member_installs_nothing_that_was_not_chosen(combination: Combination) -> None:
    packages = list_packages(make_own(render(combination)))
    for (question, answer), brought in BROUGHT.items():
        chosen = {answer, "both"} if question == "broker" else {answer}
        there = packages & brought
        assert there == (brought if combination[question] in chosen else set())
    database = {"sqlalchemy", "alembic", "aiosqlite"}
    assert packages & database == (set() if combination["database"] == "none" else database)
    assert not (packages & WEB if combination["interface"] == "worker" else WEB - packages)


@EACH_MEMBER
def test_entry_point_imports_nothing_that_was_not_chosen(combination: Combination) -> None:
    folder = render(combination)
    python = make_own(folder) / "bin" / "python"
    entries = {"api": ["main"], "worker": ["worker_main"]}
    for entry in entries.get(str(combination["interface"]), ["main", "worker_main"]):
        modules = set(check(python, "-c", LIST_MODULES.format(entry=entry), cwd=folder).split())
        unwanted = {"pytest", "mypy", "ruff"}
        if entry == "worker_main":
            unwanted |= {"fastapi", "starlette", "uvicorn", "gunicorn", "httpx"}
        assert not modules & unwanted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "api-alone", "no-database", "one-machine"])
def test_answers_are_those_that_the_document_tells_of(name: str, tmp_path: Path) -> None:
    environment = make_own(render(TELLING[name]))
    service = shutil.copytree(render(TELLING[name]), tmp_path / "service")
    pytest_there = (environment / "bin" / "pytest", "-q")
    said = check(*pytest_there, "-p", "schemathesis", "tests/properties", cwd=service)
    assert " passed" in said
    # They leave a folder behind, which the suite shall not stumble over.
    assert " passed" in check(*pytest_there, "tests/test_document.py", cwd=service)


@pytest.mark.slow
def test_default_service_installs_with_pip_alone_and_passes_its_tests(tmp_path: Path) -> None:
    service = shutil.copytree(render(DEFAULT), tmp_path / "service")
    check(sys.executable, "-m", "venv", service / ".venv", cwd=service)
    python = service / ".venv" / "bin" / "python"
    wheels = fetch_service_wheels(service)
    install = (python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    check(*install, cwd=service, **wheels)
    assert " passed" in check(python, "-m", "pytest", "-q", cwd=service)
