"""The sample system Dev Talk at work: as four services on real servers, or as one on nothing."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients import send
from tests.processes import API, HOST, WORKER, Process, find_port, running, wait_for
from tests.programs import check
from tests.small_template import ROOT
from tools.servers import find
from tools.system import build
from tools.system.environments import prepare

EXAMPLE = ROOT / "examples" / "dev-talk"
CONFORMANCE = ROOT / "tests" / "conformance"
OWNERS = ("auth", "articles", "comments")
SERVICES = (*OWNERS, "gateway")
MIGRATE = ("-m", "alembic", "upgrade", "heads")
# Tests have no time for passwords that are hard to guess, and one address for everybody.
QUICK = {
    "PASSWORD_MEMORY_KIB": "8",
    "PASSWORD_ROUNDS": "1",
    "ADDRESS_ATTEMPTS": "1000000",
    "LOGIN_ATTEMPTS": "1000000",
    "REQUESTS_PER_MINUTE": "0",
    "WORKERS": "1",
    "GRACE_SECONDS": "10",
    "LOG_LEVEL": "INFO",
}
EXECUTE = """
import asyncio, sys
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

async def main(place, *statements):
    engine = create_async_engine(make_url(place).set(drivername="mysql+asyncmy"))
    async with engine.connect() as connection:
        for statement in statements:
            found = await connection.execute(text(statement))
            rows = [list(row) for row in found] if found.returns_rows else []
        await connection.commit()
    await engine.dispose()
    print(rows)

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(kw_only=True)
class DevTalk:
    """The four services, and where their processes are."""

    folder: Path
    logs: Path
    name: str
    urls: Mapping[str, str]
    broker: str = "kafka"
    ports: dict[str, int] = field(default_factory=lambda: {each: find_port() for each in SERVICES})
    processes: dict[str, list[Process]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the API of the whole is."""
        return f"http://{HOST}:{self.ports['gateway']}/api"

    def place(self, service: str) -> str:
        """Return the URL of a service's database."""
        return f"{self.urls['mariadb'].rpartition('/')[0]}/{self.name}_{service}"

    def list_variables(self, service: str) -> dict[str, str]:
        """Return the settings of a service."""
        addresses = {each: f"http://{HOST}:{port}" for each, port in self.ports.items()}
        shared = {
            **QUICK,
            "SERVICE_NAME": f"{self.name}-{service}",
            "PORT": str(self.ports[service]),
            "BROKER_URL": self.urls[self.broker],
            "REDIS_URL": self.urls["redis"],
            "AUTH_JWKS_URL": f"{addresses['auth']}/.well-known/jwks.json",
            "AUTH_ISSUER": "dev-talk",
            "AUTH_AUDIENCE": "dev-talk",
        }
        if service == "gateway":
            others = {"USERS": "auth", "ARTICLES": "articles", "COMMENTS": "comments"}
            return shared | {f"{each}_URL": addresses[name] for each, name in others.items()}
        return shared | {"DATABASE_URL": self.place(service), "SESSION_SECRET": self.name}

    def begin(self, stack: ExitStack, service: str) -> None:
        """Start the processes of a service: its API, and its worker if it has handlers."""
        started = [self._begin(stack, service, API, "api")]
        if service != "gateway":
            started.append(self._begin(stack, service, WORKER, "worker"))
        self.processes[service] = started

    def wait(self, service: str) -> None:
        """Wait until a service is there."""
        port = self.ports[service]
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, service)
        workers = self.processes[service][1:]
        said = "worker started"
        wait_for(lambda: all(said in each.output for each in workers), f"{service}'s worker")

    def kill(self, service: str) -> None:
        """Kill a service, as the kernel does when memory is short."""
        for process in self.processes[service]:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes[service]:
            process.wait()

    def execute(self, service: str, *statements: str) -> str:
        """Run statements in a service's database, and return the rows of the last."""
        return execute(self.folder / service, self.place(service), *statements)

    def _begin(
        self, stack: ExitStack, service: str, command: tuple[str, ...], kind: str
    ) -> Process:
        log = self.logs / f"{service}-{kind}-{uuid4().hex[:4]}.log"
        variables = self.list_variables(service)
        return stack.enter_context(running(self.folder / service, *command, log=log, **variables))


def execute(service: Path, place: str, *statements: str) -> str:
    """Run statements on a database with the driver of a service; return the rows of the last."""
    return check(service / ".venv/bin/python", "-c", EXECUTE, place, *statements, cwd=service)


def make(file: str, folder: Path) -> Path:
    """Render a system."""
    made = build(EXAMPLE / file, folder, lambda _: None)
    for service in list_services(made):
        (service / ".venv").symlink_to(prepare(service).parents[1])
    return made


def list_services(made: Path) -> list[Path]:
    """List the folders of a system's services."""
    return [each.parent for each in made.glob("*/app")]


def rename(made: Path, folder: Path) -> Path:
    """Copy a system, with names that no other system on the same servers has."""
    own = shutil.copytree(made, folder / made.name, symlinks=True)
    prefix = f"test{uuid4().hex[:8]}"
    for path in [each for service in list_services(own) for each in service.glob("app/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        text = text.replace('topic="', f'topic="{prefix}.').replace('"dev-talk:', f'"{prefix}:')
        path.write_text(text, encoding="utf-8")
    return own


@contextmanager
def run_four(made: Path, logs: Path, broker: str = "kafka") -> Iterator[tuple[DevTalk, ExitStack]]:
    """Run the four services on real servers, with databases and topics of their own."""
    folder = rename(made, logs)
    name = f"talk{uuid4().hex[:8]}"
    system = DevTalk(folder=folder, logs=logs, name=name, urls=find(), broker=broker)
    with ExitStack() as stack:
        for service in OWNERS:
            database = f"{system.name}_{service}"
            at = (folder / service, system.urls["mariadb"])
            execute(*at, f"CREATE DATABASE {database}")
            stack.callback(execute, *at, f"DROP DATABASE {database}")
            python = folder / service / ".venv/bin/python"
            check(python, *MIGRATE, cwd=folder / service, DATABASE_URL=system.place(service))
        for service in SERVICES:
            system.begin(stack, service)
        for service in SERVICES:
            system.wait(service)
        yield system, stack


@contextmanager
def run_single(folder: Path, logs: Path) -> Iterator[str]:
    """Run the single service on nothing, and return where its API is."""
    port = find_port()
    variables = {**QUICK, "PORT": str(port), "DATABASE_URL": f"sqlite:///{logs / 'service.db'}"}
    service = folder / "dev-talk"
    with running(service, *API, log=logs / "single.log", **variables) as process:
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "the service")
        yield f"http://{HOST}:{port}/api"
        assert process.stop() == 0, process.output


def check_conformance(address: str) -> None:
    """Compare an API with the contract."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    check(*command, f"--confcutdir={CONFORMANCE}", CONFORMANCE, "--api", address)


def list_failures(logs: Path) -> list[str]:
    """Return what services call an error; their client of Kafka does so while topics are new."""
    lines = [line for log in logs.glob("*.log") for line in log.read_text("utf-8").splitlines()]
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    return [
        f"{line['logger']}: {line['message']}"
        for line in logged
        if line["level"] in {"error", "critical"} and line["logger"].startswith("app.")
    ]


@pytest.fixture(scope="session")
def single_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered single service."""
    return make("single.yml", tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="session")
def four_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered system."""
    return make("system.yml", tmp_path_factory.mktemp("four"))
