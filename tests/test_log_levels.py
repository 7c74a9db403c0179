"""What whole services log on servers that are empty, restarted and stopped: JSON, and no errors."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import send
from tests.combinations import choose
from tests.outages import private_server
from tests.processes import API, WORKER, Process, ask, find_port, running, wait_for
from tests.recipes import make_service
from tools.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.servers]

FAILURES = {"error", "critical"}


@dataclass
class System:
    """An API and a worker on one server that nobody else uses."""

    server: Server
    port: int
    processes: dict[str, Process] = field(default_factory=dict)

    def read(self, *levels: str) -> list[dict[str, Any]]:
        """Return what the processes logged at these levels; all of it is JSON."""
        lines = [
            {"process": name, **json.loads(line)}
            for name, process in self.processes.items()
            for line in process.output.splitlines()
        ]
        return [line for line in lines if line["level"] in levels]

    def read_warnings(self) -> list[dict[str, Any]]:
        """Return the warnings, but for how often a library has repeated one of them."""
        lines = self.read("warning")
        return [line for line in lines if line["logger"] != "app.core.log_sampling"]

    def is_ready(self) -> bool:
        """Tell whether the API can do its work."""
        return send(self.port, "GET", "/health/ready").status == 200

    def pass_event(self) -> None:
        """Create an item, and wait until the worker has heard of it."""
        name = uuid4().hex
        wait_for(lambda: send(self.port, "POST", "/v1/items", {"name": name}).status == 201, name)
        wait_for(
            lambda: name in [each["subject"] for each in ask(self.port, "/v1/activities")],
            "the event",
        )

    def stop(self) -> None:
        """Stop everything, in order."""
        for process in reversed(self.processes.values()):
            assert process.stop() == 0, process.output


@pytest.fixture(params=["kafka", "rabbitmq", "postgresql", "mariadb", "redis"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A system on a server that is empty."""
    name = request.param
    database = {"mariadb": "mysql"}.get(name, "postgresql")
    service = make_service(tmp_path / "service", choose(broker="both", database=database))
    port = find_port()
    with ExitStack() as stack:
        servers = {
            each: stack.enter_context(private_server(each, tmp_path / each))
            for each in {name, "rabbitmq" if name != "kafka" else name}
        }
        variables = {"PORT": str(port), "GRACE_SECONDS": "6"}
        for each, server in servers.items():
            kind = "BROKER" if each in {"kafka", "rabbitmq"} else "REDIS"
            kind = "DATABASE" if each in {"postgresql", "mariadb"} else kind
            variables[f"{kind}_URL"] = server.url
        system = System(servers[name], port)
        for kind, command in {"api": API, "worker": WORKER}.items():
            process = running(service, *command, log=tmp_path / kind, **variables)
            system.processes[kind] = stack.enter_context(process)
        yield system


def test_nothing_says_error_for_what_is_expected(system: System) -> None:
    wait_for(system.is_ready, "readiness")
    system.pass_event()
    assert system.read("warning", *FAILURES) == []
    system.server.stop()
    wait_for(lambda: len({line["process"] for line in system.read("warning")}) == 2, "the outage")
    system.server.start()
    wait_for(system.is_ready, "readiness")
    system.pass_event()
    assert system.read(*FAILURES) == []
    before = system.read_warnings()
    system.stop()
    assert system.read(*FAILURES) == []
    assert system.read_warnings() == before
