"""The sample system Tasks at work: its services as processes, on real servers."""

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import Answer, send
from tests.processes import API, WORKER, Process, find_port, running, wait_for
from tests.programs import check
from tests.small_template import ROOT
from tools.servers import find
from tools.system import build
from tools.system.environments import prepare

SYSTEM = ROOT / "examples" / "tasks" / "system.yml"
BROKERS = ("rabbitmq", "kafka")
MIGRATE = ("-m", "alembic", "upgrade", "heads")
PRIMES: dict[str, Any] = {"kind": "primes", "parameters": {"limit": 1_000_000}}
ANSWER = {"count": 78_498, "largest": 999_983}
# Longer than any test waits for it.
LONG = {"kind": "primes", "parameters": {"limit": 10_000_000_000}}
FINAL = {"finished", "failed", "cancelled"}
# One for everything that a worker answers, each with what it changes nothing by.
QUESTIONS: list[tuple[int, str, str, object]] = [
    (422, "POST", "/tasks", {"kind": "nothing", "parameters": {}}),
    (404, "POST", "/tasks/999999/start", None),
    (404, "POST", "/tasks/999999/cancel", None),
    (404, "GET", "/tasks/999999", None),
    (200, "GET", "/tasks", None),
    (200, "GET", "/computations", None),
]
# Short, so that a test sees it end.
LEASE_SECONDS = 3
EXECUTE = """
import asyncio, os, sys
import asyncpg

async def main():
    connection = await asyncpg.connect(os.environ["PLACE"])
    for statement in sys.argv[1:]:
        rows = await connection.fetch(statement)
    print([list(row.values()) for row in rows])

asyncio.run(main())
"""


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The system, and where its processes are."""

    broker: str
    folder: Path
    logs: Path
    variables: Mapping[str, str]
    port: int

    def begin_api(self, stack: ExitStack, **variables: str) -> Process:
        """Start the API, and wait until it is there."""
        merged = {"SERVICE_NAME": f"{self.variables['NAME']}-api", "PORT": str(self.port)}
        process = self._begin(stack, "tasks-api", API, "api.log", **merged | variables)
        wait_for(lambda: send(self.port, "GET", "/health/ready").status == 200, "the API")
        return process

    def begin_worker(self, stack: ExitStack, name: str = "worker", **variables: str) -> Process:
        """Start a worker, and wait until everything is answered."""
        merged = {"SERVICE_NAME": f"{self.variables['NAME']}-worker", **variables}
        process = self._begin(stack, "tasks-worker", WORKER, f"{name}.log", **merged)
        # Killed, it would be missed by the others of its groups only after a while.
        stack.callback(lambda: process.is_alive and process.stop())
        wait_for(lambda: "worker started" in process.output, "the worker")
        for question in QUESTIONS:
            self.insist(*question)
        return process

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request to the API."""
        return send(self.port, method, f"/v1{path}", body, **headers)

    def create(self, task: Mapping[str, object] = PRIMES) -> int:
        """Create a task and return its number."""
        number: int = self.insist(201, "POST", "/tasks", task).json["number"]
        return number

    def start(self, number: int) -> None:
        """Start a task."""
        self.insist(202, "POST", f"/tasks/{number}/start")

    def insist(self, status: int, method: str, path: str, body: object = None) -> Answer:
        """Ask until there is an answer: Kafka hands nothing over while workers come and go."""

        def look() -> Answer | None:
            answer = self.ask(method, path, body)
            assert answer.status in {status, 503, 504}, answer
            return answer if answer.status == status else None

        answer: Answer = wait_for(look, f"an answer to {method} {path}")
        return answer

    def find(self, number: int) -> dict[str, Any]:
        """Return a task as it is now."""
        answer = self.ask("GET", f"/tasks/{number}")
        task: dict[str, Any] = answer.json if answer.status == 200 else {"status": answer.status}
        return task

    def wait_for(self, number: int, **wanted: object) -> dict[str, Any]:
        """Return a task as soon as it is as wanted; `status` may be any of several."""

        def look() -> Any:
            task = self.find(number)
            found = all(
                task.get(name) in value if isinstance(value, set) else task.get(name) == value
                for name, value in wanted.items()
            )
            return task if found else None

        task: dict[str, Any] = wait_for(look, f"task {number} with {wanted}")
        return task

    def wait_for_end(self, number: int) -> dict[str, Any]:
        """Return a task as soon as it has ended."""
        return self.wait_for(number, status=FINAL)

    def read_log(self, name: str, message: str) -> list[dict[str, Any]]:
        """Return the lines of a worker's log with a message."""
        lines = (self.logs / f"{name}.log").read_text(encoding="utf-8").splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in logged if line["message"] == message]

    @property
    def prefix(self) -> str:
        """What the names of its topics begin with."""
        events = self.folder / "tasks-worker/app/domain/events.py"
        [prefix] = set(re.findall(r'topic="(\w+\.)task\.', events.read_text(encoding="utf-8")))
        return str(prefix)

    def execute(self, *statements: str) -> str:
        """Run statements in the worker's database, and return the rows of the last."""
        return execute(self.folder, self.variables["DATABASE_URL"], *statements)

    def _begin(
        self, stack: ExitStack, service: str, command: tuple[str, ...], log: str, **variables: str
    ) -> Process:
        merged = {**self.variables, **variables}
        folder = self.folder / service
        return stack.enter_context(running(folder, *command, log=self.logs / log, **merged))


def execute(folder: Path, place: str, *statements: str) -> str:
    """Run statements on a database, and return the rows of the last."""
    python = folder / "tasks-worker" / ".venv/bin/python"
    return check(python, "-c", EXECUTE, *statements, cwd=folder, PLACE=place).strip()


def make_tasks(folder: Path) -> Path:
    """Render the system, with topics that no other system on the same servers has."""
    made = build(SYSTEM, folder, lambda _: None)
    prefix = f"test{uuid4().hex[:8]}."
    for service in made.glob("tasks-*"):
        (service / ".venv").symlink_to(prepare(service).parents[1])
        events = service / "app/domain/events.py"
        text = events.read_text(encoding="utf-8")
        events.write_text(text.replace('topic="task.', f'topic="{prefix}task.'), encoding="utf-8")
    return made


@contextmanager
def prepare_tasks(
    folder: Path, logs: Path, broker: str, urls: Mapping[str, str]
) -> Iterator[Tasks]:
    """Give the system a database of its own; nothing runs yet."""
    name = f"tasks_{uuid4().hex[:12]}"
    server = urls["postgresql"]
    execute(folder, server, f"CREATE DATABASE {name}")
    place = f"{server.rpartition('/')[0]}/{name}"
    worker = folder / "tasks-worker"
    check(worker / ".venv/bin/python", *MIGRATE, cwd=worker, DATABASE_URL=place)
    variables = {
        "NAME": name,
        "BROKER_URL": urls[broker],
        "DATABASE_URL": place,
        "GRACE_SECONDS": "10",
        "WORKERS": "1",
        "REPLY_SECONDS": "2",
        "TASK_LEASE_SECONDS": str(LEASE_SECONDS),
        "TASK_RETRY_SECONDS": "0.1",
    }
    yield Tasks(broker=broker, folder=folder, logs=logs, variables=variables, port=find_port())
    execute(folder, server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def tasks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered system."""
    folder = tmp_path_factory.mktemp("tasks")
    return make_tasks(folder)


@pytest.fixture(scope="module", params=BROKERS)
def tasks(
    request: pytest.FixtureRequest, tasks_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tasks]:
    """The system with its API at work, and no worker; only the URL says which broker it is."""
    logs = tmp_path_factory.mktemp(request.param)
    with (
        prepare_tasks(tasks_folder, logs, request.param, find()) as tasks,
        ExitStack() as stack,
    ):
        api = tasks.begin_api(stack)
        yield tasks
        assert api.stop() == 0, api.output


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(each) for each in children.split()]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def kill(process: Process) -> None:
    """Kill a worker alone, as the kernel does when memory is short: not what it has started."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
