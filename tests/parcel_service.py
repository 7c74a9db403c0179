"""A rendered service that handles parcels, at work on a real broker."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import send
from tests.combinations import choose
from tests.processes import API, WORKER, Process, find_port, running, wait_for
from tests.programs import check, run
from tests.recipes import make_service
from tools.servers import find

OVERLAY = Path(__file__).parent / "overlays" / "parcels"
BROKERS = ("rabbitmq", "kafka")
API_PROCESSES = 2
EXECUTE = """
import asyncio, sys
from tests.kit.database import execute
asyncio.run(execute(*sys.argv[1:]))
"""


@dataclass(frozen=True, kw_only=True)
class ParcelService:
    """The service, and where its processes are."""

    broker: str
    """The name of the server."""
    folder: Path
    logs: Path
    variables: Mapping[str, str]
    port: int = 0

    @property
    def topics(self) -> str:
        """What the names of its topics begin with."""
        return self.variables["TOPICS"]

    def begin(self, stack: ExitStack, *command: str, log: str, **variables: str) -> Process:
        """Start a part of it, which ends with the stack."""
        merged = {**self.variables, "PORT": str(self.port), **variables}
        return stack.enter_context(running(self.folder, *command, log=self.logs / log, **merged))

    def call(self, command: str, *arguments: str, **variables: str) -> "Outcome":
        """Run one of the service's commands beside it, as its recipes do."""
        python = self.folder / ".venv/bin/python"
        module = f"app.commands.{command}"
        merged = {**self.variables, **variables}
        return Outcome(run(python, "-m", module, *arguments, cwd=self.folder, **merged))

    def list_dead(self, subscription: str = "receive_parcel") -> list[str]:
        """List the dead letters of a subscription, a line each."""
        outcome = self.call("dead_letters", "list", subscription)
        assert outcome.status == 0, outcome
        return outcome.output.splitlines()

    def wait_for_dead(self, text: str, subscription: str = "receive_parcel") -> str:
        """Return the line of the dead letter that says this, as soon as there is one."""
        line: str = wait_for(
            lambda: next((each for each in self.list_dead(subscription) if text in each), None),
            f"a dead letter of {text}",
        )
        return line

    def list_done(self, parcel: str) -> list[str]:
        """List what was done with a parcel."""
        done: list[str] = send(self.port, "GET", f"/v1/parcels/{parcel}").json["done"]
        return done

    def wait_until_done(self, parcel: str, *kinds: str) -> None:
        """Wait until this was done with a parcel, and check that it is all."""
        wanted = sorted(kinds or ("counted", "received"))
        wait_for(lambda: len(self.list_done(parcel)) >= len(wanted), f"{parcel} {wanted}")
        assert self.list_done(parcel) == wanted

    def read_log(self, name: str, message: str, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of a log with this message and these fields."""
        lines = (self.logs / name).read_text(encoding="utf-8").splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        wanted = {"message": message, **fields}.items()
        return [line for line in logged if line.items() >= wanted]


class Outcome:
    """How a command ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        """Take what is there."""
        self.status = done.returncode
        self.output = done.stdout.strip()

    def __repr__(self) -> str:
        """Show it when a test fails."""
        return f"{self.status}: {self.output}"


@pytest.fixture(scope="session")
def parcel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered service, with its team's files over the starter."""
    folder = tmp_path_factory.mktemp("parcels") / "service"
    make_service(folder, choose(broker="both", cache="none", ci="none"))
    shutil.copytree(OVERLAY, folder, dirs_exist_ok=True)
    return folder


@contextmanager
def prepare_parcels(folder: Path, broker: str, logs: Path) -> Iterator[ParcelService]:
    """Give the service a database and topics of its own; nothing runs yet."""
    urls = find()
    name = f"test_{uuid4().hex[:12]}"
    python = folder / ".venv/bin/python"
    place = {"TEST_POSTGRESQL_URL": urls["postgresql"]}
    cures = logs / "cures"
    cures.mkdir()
    check(python, "-c", EXECUTE, f"CREATE DATABASE {name}", cwd=folder, **place)
    yield ParcelService(
        broker=broker,
        folder=folder,
        logs=logs,
        variables={
            "SERVICE_NAME": name,
            "TOPICS": name,
            "CURES": str(cures),
            "BROKER_URL": urls[broker],
            "DATABASE_URL": f"{urls['postgresql'].rpartition('/')[0]}/{name}",
            "WORKERS": str(API_PROCESSES),
            "GRACE_SECONDS": "5",
        },
    )
    check(python, "-c", EXECUTE, f"DROP DATABASE {name} WITH (FORCE)", cwd=folder, **place)


@pytest.fixture(scope="session", params=BROKERS)
def parcels(
    request: pytest.FixtureRequest, parcel_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ParcelService]:
    """The service at work: an API of two processes, and a worker."""
    logs = tmp_path_factory.mktemp(request.param)
    with prepare_parcels(parcel_folder, request.param, logs) as prepared, ExitStack() as stack:
        service = replace(prepared, port=find_port())
        api = service.begin(stack, *API, log="api")
        worker = service.begin(stack, *WORKER, log="worker")
        wait_until_ready(service)
        wait_for(lambda: "worker started" in worker.output, "the worker")
        yield service
        assert worker.stop() == 0, worker.output
        assert api.stop() == 0, api.output


def wait_until_ready(service: ParcelService) -> None:
    """Wait until the API says that it is."""
    wait_for(lambda: send(service.port, "GET", "/health/ready").status == 200, "readiness")
