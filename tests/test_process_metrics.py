"""Metrics and health of processes at work: several gunicorn workers count as one service."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.clients import send
from tests.combinations import choose
from tests.processes import (
    API,
    DEVELOPMENT_API,
    WORKER,
    Process,
    find_port,
    running,
    wait_for,
)
from tests.recipes import make_service

pytestmark = pytest.mark.slow

WORKERS = 3
REQUESTS = 300
CLIENTS = 8


@dataclass(frozen=True)
class Gunicorn:
    """gunicorn with several workers, and what they have counted."""

    process: Process
    port: int
    folder: Path

    def load(self, path: str) -> None:
        """Send it many requests, several at a time, which it must answer and count."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            ask = partial(send, self.port, "GET", path)
            answers = list(clients.map(lambda _: ask(), range(REQUESTS)))
        assert {answer.status for answer in answers} == {200}
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the request that asks is the only one: they count after they answer."""
        wait_for(lambda: self.read("http_requests_in_flight") == 1, "the end of all requests")

    def read(self, metric: str) -> float | None:
        """Return the value of a metric, as one of the workers tells it."""
        text = send(self.port, "GET", "/metrics").body.decode()
        found = re.search(rf"^{re.escape(metric)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None

    def count(self, path: str) -> float | None:
        """Return how often a path was answered."""
        return self.read(f'http_requests_total{{method="GET",route="{path}",status="200"}}')

    def list_workers(self) -> set[int]:
        """Return the processes that it has started."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in file.read_text(encoding="ascii").split()}

    def wait_for_workers(self) -> None:
        """Wait until all have said how many connections they may hold."""
        share = 20 // WORKERS
        wait_for(
            lambda: self.read("database_connections_max") == WORKERS * share, "figures of each"
        )


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    service = make_service(tmp_path / "service", choose(interface="api", broker="none"))
    folder, port = tmp_path / "temporary", find_port()
    folder.mkdir()
    variables = {"PORT": str(port), "WORKERS": str(WORKERS), "TMPDIR": str(folder)}
    with running(service, *API, log=tmp_path / "log", **variables) as process:
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "readiness")
        yield Gunicorn(process, port, folder)


def test_counters_add_up_whichever_worker_is_asked(gunicorn: Gunicorn) -> None:
    gunicorn.load("/v1/items")
    assert [gunicorn.count("/v1/items") for _ in range(2 * WORKERS)] == [REQUESTS] * 2 * WORKERS
    duration = 'http_request_duration_seconds_count{method="GET",route="/v1/items"}'
    assert gunicorn.read(duration) == REQUESTS


def test_counters_survive_a_worker_that_is_killed(gunicorn: Gunicorn) -> None:
    gunicorn.load("/v1/items")
    before = gunicorn.list_workers()
    os.kill(max(before), signal.SIGKILL)
    wait_for(lambda: len(gunicorn.list_workers() - before) == 1, "another worker")
    gunicorn.wait_for_workers()
    assert gunicorn.count("/v1/items") == REQUESTS
    gunicorn.load("/v1/items")
    assert gunicorn.count("/v1/items") == 2 * REQUESTS


def test_gauges_are_of_the_workers_that_live(gunicorn: Gunicorn) -> None:
    gunicorn.load("/v1/items")
    gunicorn.wait_for_workers()
    assert gunicorn.read('dependency_up{dependency="Database"}') == 1
    before = gunicorn.list_workers()
    os.kill(max(before), signal.SIGKILL)
    wait_for(lambda: len(gunicorn.list_workers() - before) == 1, "another worker")
    gunicorn.wait_for_workers()
    gunicorn.wait_until_idle()
    assert gunicorn.read('dependency_up{dependency="Database"}') == 1


def test_the_files_are_gone_at_the_end(gunicorn: Gunicorn) -> None:
    [shared] = gunicorn.folder.glob("metrics-*")
    assert gunicorn.process.stop() == 0
    assert not shared.exists()


def test_settings_that_are_read_again_begin_no_new_count(gunicorn: Gunicorn) -> None:
    gunicorn.load("/v1/items")
    before = gunicorn.list_workers()
    os.kill(gunicorn.process.pid, signal.SIGHUP)
    wait_for(lambda: not gunicorn.list_workers() & before, "other workers")
    gunicorn.wait_for_workers()
    assert gunicorn.count("/v1/items") == REQUESTS


def test_a_worker_says_how_it_is_on_a_port_of_its_own(tmp_path: Path) -> None:
    service = make_service(tmp_path / "service", choose(interface="worker", broker="none"))
    port = find_port()
    variables = {"WORKER_HEALTH_PORT": str(port)}
    with ExitStack() as stack:
        worker = stack.enter_context(running(service, *WORKER, log=tmp_path / "log", **variables))
        wait_for(lambda: send(port, "GET", "/health/ready").status == 200, "readiness")
        assert send(port, "GET", "/health/ready").json == {"Cache": "ok", "Database": "ok"}
        assert 'service_info{name="my-service"' in send(port, "GET", "/metrics").body.decode()
        second = running(service, *WORKER, log=tmp_path / "other log", **variables)
        other = stack.enter_context(second)
        assert other.wait() != 0
        (line,) = other.output.splitlines()
        assert json.loads(line)["message"].startswith("WORKER_HEALTH_PORT: ")
        assert worker.stop() == 0


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[tuple[Gunicorn, Gunicorn]]:
    """Several workers with a management port: what clients see, and what operators see."""
    service = make_service(tmp_path / "service", choose(interface="api", broker="none"))
    folder, public, operators = tmp_path / "temporary", find_port(), find_port()
    folder.mkdir()
    variables = {"PORT": str(public), "WORKERS": str(WORKERS), "TMPDIR": str(folder)}
    variables |= {"MANAGEMENT_PORT": str(operators), "SERVICE_COMMIT": "abc123"}
    with running(service, *API, log=tmp_path / "log", **variables) as process:
        wait_for(lambda: send(operators, "GET", "/health/ready").status == 200, "readiness")
        wait_for(lambda: send(public, "GET", "/v1/items").status == 200, "the API")
        yield Gunicorn(process, public, folder), Gunicorn(process, operators, folder)


def test_one_worker_serves_the_management_port_for_all_and_another_one_after_it(
    managed: tuple[Gunicorn, Gunicorn],
) -> None:
    clients, operators = managed
    for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json", "/info"):
        assert send(clients.port, "GET", path).status == 404
        assert send(operators.port, "GET", path).status == 200
    assert send(operators.port, "GET", "/info").json["commit"] == "abc123"
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: send(clients.port, "GET", "/v1/items"), range(REQUESTS)))
    assert {answer.status for answer in answers} == {200}
    counted = operators.count("/v1/items")
    assert counted is not None
    assert counted > REQUESTS
    [owner] = find_listeners(operators.list_workers(), operators.port)
    os.kill(owner, signal.SIGKILL)
    wait_for(
        lambda: len(find_listeners(operators.list_workers() - {owner}, operators.port)) == 1,
        "another one",
    )
    wait_for(lambda: send(operators.port, "GET", "/health/ready").status == 200, "readiness")
    assert operators.count("/v1/items") == counted
    assert clients.process.stop() == 0


def find_listeners(processes: set[int], port: int) -> list[int]:
    """Return which of the processes have a socket that listens on a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    sockets = {
        f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"
    }
    return [
        process
        for process in processes
        if sockets & {str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()}
    ]


@pytest.mark.parametrize("command", [API, DEVELOPMENT_API], ids=["gunicorn", "uvicorn"])
def test_a_management_port_that_is_taken_is_one_sentence(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    service = make_service(tmp_path / "service", choose(interface="api", broker="none"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {"PORT": str(find_port()), "WORKERS": "2"}
        variables |= {"MANAGEMENT_PORT": str(taken.getsockname()[1])}
        with running(service, *command, log=tmp_path / "log", **variables) as process:
            assert process.wait() != 0
            assert process.output.count("MANAGEMENT_PORT: 127.0.0.1:") == 1
            assert "Traceback" not in process.output
