"""Services that cover every two answers install on their own and pass their own tests."""

import shutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.combinations import ANSWERING, COVERING, DEFAULT, TELLING, Combination
from tests.environments import make_own
from tests.marks import WEEKLY, spread
from tests.programs import check, find_program
from tests.renders import render
from tests.wheels import fetch_service_wheels
from tools.servers import KINDS, NAMES, find

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
THE_OTHERS = [pytest.param(each, marks=WEEKLY) for each in COVERING if each not in ANSWERING]
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


@pytest.mark.waits
@pytest.mark.parametrize("combination", [*spread(ANSWERING), *THE_OTHERS], ids=str)
def test_member_passes_its_own_tests_with_its_own_requirements(
    combination: Combination, tmp_path: Path
) -> None:
    servers, missing = find_servers()
    environment = make_own(render(combination))
    service = shutil.copytree(render(combination), tmp_path / "service")
    said = check(environment / "bin" / "pytest", "-q", "-rs", cwd=service, **servers)
    assert " passed" in said
    assert missing or "skipped" not in said, said


def list_versions(environment: Path) -> set[str]:
    """Return what is installed, with its versions."""
    uv = find_program("uv")
    return set(check(uv, "pip", "freeze", "--quiet", "--python", environment).splitlines())


def list_packages(environment: Path) -> set[str]:
    """Return the names of what is installed."""
    return {line.partition("==")[0] for line in list_versions(environment)}


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
def test_pip_alone_installs_what_the_tests_were_passed_with(tmp_path: Path) -> None:
    service = shutil.copytree(render(DEFAULT), tmp_path / "service")
    check(sys.executable, "-m", "venv", service / ".venv", cwd=service)
    python = service / ".venv" / "bin" / "python"
    wheels = fetch_service_wheels(service)
    install = (python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    check(*install, cwd=service, **wheels)
    brought, tested = list_versions(service / ".venv"), list_versions(make_own(render(DEFAULT)))
    assert tested <= brought
    # What `python -m venv` itself brings.
    assert {line.partition("==")[0] for line in brought - tested} <= {"pip", "setuptools"}
    assert " passed" in check(python, "-m", "pytest", "-q", "tests/service", cwd=service)
