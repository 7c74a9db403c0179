"""The default service on real servers, chosen by URL alone: an API and a worker, each a process."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.combinations import Combination, choose
from tests.processes import API, WORKER, Process, ask, find_port, running, wait_for
from tests.programs import check
from tests.recipes import make_service
from tools.servers import find

pytestmark = [pytest.mark.slow, pytest.mark.servers]

EXECUTE = """
import asyncio, sys
from tests.kit.database import execute
asyncio.run(execute(*sys.argv[1:]))
"""
DATABASES = {"postgresql": "postgresql", "mysql": "mariadb"}


@pytest.fixture(params=[("rabbitmq", "postgresql"), ("kafka", "mysql")], ids="-on-".join)
def servers(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A broker and a database."""
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.fixture
def combination(servers: tuple[str, str]) -> Combination:
    """The answers of a service that can use them."""
    return choose(broker="both", database=servers[1])


@pytest.fixture
def service(combination: Combination, tmp_path: Path) -> Path:
    """The rendered service."""
    return make_service(tmp_path / "service", combination)


@pytest.fixture
def variables(service: Path, servers: tuple[str, str]) -> Iterator[dict[str, str]]:
    """What points the service at real servers, with a database and queues of its own."""
    urls = find()
    broker, database = servers
    name = f"test_{uuid4().hex}"
    server = urls[DATABASES[database]]
    python = service / ".venv/bin/python"
    place = {f"TEST_{database.upper()}_URL": server}
    check(python, "-c", EXECUTE, f"CREATE DATABASE {name}", cwd=service, **place)
    yield {
        "SERVICE_NAME": name,
        "BROKER_URL": urls[broker],
        "DATABASE_URL": f"{server.rpartition('/')[0]}/{name}",
        "REDIS_URL": urls["redis"],
        "WORKERS": "2",
    }
    check(python, "-c", EXECUTE, f"DROP DATABASE {name}", cwd=service, **place)


def test_processes_that_migrate_at_once_take_turns(
    service: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    migrate = ("-m", "alembic", "upgrade", "heads")
    with ExitStack() as stack:
        logs = [tmp_path / f"log{number}" for number in range(4)]
        processes = [
            stack.enter_context(running(service, *migrate, log=log, **variables)) for log in logs
        ]
        for process in processes:
            assert process.wait() == 0, process.output


def test_events_reach_the_worker_also_after_it_was_killed(
    service: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    port = find_port()
    # A new group on Kafka reads what earlier runs have published too.
    unique = uuid4().hex
    with ExitStack() as stack:

        def start(*arguments: str, log: str) -> Process:
            process = running(service, *arguments, log=tmp_path / log, PORT=str(port), **variables)
            return stack.enter_context(process)

        def create(name: str) -> None:
            ask(port, "/v1/items", {"name": f"{name} {unique}"})

        def count(name: str) -> int:
            subjects = [each["subject"] for each in ask(port, "/v1/activities")]
            return subjects.count(f"{name} {unique}")

        api = start(*API, log="api")
        worker = start(*WORKER, log="worker")
        wait_for(lambda: ask(port, "/health/ready"), "readiness")
        wait_for(lambda: "worker started" in worker.output, "the worker")
        create("first")
        wait_for(lambda: count("first"), "the first event")
        worker.kill()
        create("second")
        second = start(*WORKER, log="second")
        wait_for(lambda: count("second"), "the second event")
        assert (count("first"), count("second")) == (1, 1)
        assert second.stop() == 0, second.output
        assert api.stop() == 0, api.output
