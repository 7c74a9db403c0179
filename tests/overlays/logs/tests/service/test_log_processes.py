"""Whole processes log to Loki: every line arrives once, or is counted."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from app.core.config import ServiceSettings
from app.core.log_format import JsonFormatter
from app.core.loki import BatchLokiHandler
from tests.loki_kit import LokiServer, Reply, serving_loki

SERVICE = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
SCRIPT = """
import os, sys
from app.core.config import load_core_settings
from app.core.logger_config import configure_logging
from app.utils.logger import Logger
configure_logging(load_core_settings())
for number in range(int(sys.argv[1])):
    Logger("app.test").info(f"line {number}")
"""
GUNICORN = ("-m", "gunicorn", "-c", "app/core/gunicorn_config.py")


@pytest.fixture
def server() -> Iterator[LokiServer]:
    with serving_loki() as server:
        yield server


class Process:
    """Python in the service, with Loki set and all that it prints in a file."""

    def __init__(self, url: str, output: Path, *arguments: str, **variables: str) -> None:
        with output.open("wb") as file:
            self.popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=SERVICE,
                env={**os.environ, "LOKI_URL": url, **variables},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._output = output

    def list_workers(self) -> set[int]:
        """Return the processes that it has forked."""
        children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children")
        return {int(each) for each in children.read_text().split()}

    def read_lines_so_far(self) -> list[dict[str, Any]]:
        """Return what it has logged: nothing else may be printed."""
        return [json.loads(line) for line in self._output.read_text("utf-8").splitlines()]

    def read_lines(self) -> list[dict[str, Any]]:
        """Wait for its end and return what it has logged."""
        assert self.popen.wait(PATIENCE_SECONDS) == 0
        return self.read_lines_so_far()


Start = Callable[..., Process]


@pytest.fixture
def start(server: LokiServer, tmp_path: Path) -> Iterator[Start]:
    """Start a process, which is ended with the test."""
    started: list[Process] = []

    def start_one(*arguments: str, **variables: str) -> Process:
        started.append(Process(server.url, tmp_path / "output", *arguments, **variables))
        return started[-1]

    yield start_one
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.popen.pid, signal.SIGKILL)
        process.popen.wait()


def ask(port: int, request_id: str) -> bool:
    """Send a request, and tell whether there was an answer."""
    headers = {"x-request-id": request_id}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health/live?", headers=headers)
    with suppress(URLError, ConnectionError):
        return bool(urllib.request.urlopen(request, timeout=10).read())
    return False


def find_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], object], what: str) -> None:
    """Wait until `look` finds something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def count(lines: Iterable[object]) -> Counter[str]:
    """Return how often each line is there, whatever the order of its fields."""
    return Counter(json.dumps(line, sort_keys=True) for line in lines)


def test_what_is_queued_when_a_process_ends_arrives(server: LokiServer, start: Start) -> None:
    lines = start("-c", SCRIPT, "5000").read_lines()
    assert len(lines) == 5000
    assert server.messages == [f"line {number}" for number in range(5000)]


def test_a_process_ends_though_loki_hangs_and_says_what_is_lost(
    server: LokiServer, start: Start
) -> None:
    server.reply = Reply(hangs=True)
    lines = start("-c", SCRIPT, "5000").read_lines()
    assert lines[-1]["message"] == "log lines were lost"
    assert lines[-1]["lost"] == 5000


def test_of_a_hundred_thousand_lines_each_arrives_or_is_counted(server: LokiServer) -> None:
    server.reply = Reply(seconds=0.05)
    server.replies = [Reply(), Reply(429), Reply(500), Reply(400), Reply(503)]
    handler = BatchLokiHandler(server.url, {"service": "shop", "environment": "test"})
    handler.setFormatter(JsonFormatter(ServiceSettings(name="shop")))
    for number in range(100_000):
        values = {"msg": f"line {number}", "name": "app.test", "levelname": "INFO"}
        handler.handle(logging.makeLogRecord(values))
    handler.close()
    assert len(server.texts) == len(set(server.messages))
    assert len(server.texts) + handler.lost.counts.total() == 100_000
    assert handler.lost.counts["refused"] > 0
    assert set(handler.lost.counts) <= {"full", "refused"}


def test_workers_of_a_preloaded_service_send_each_line_once(server: LokiServer, start: Start) -> None:
    port = find_port()
    (SERVICE / "service.py").write_text(PRELOADED, encoding="utf-8")
    command = [*GUNICORN, "--preload", "service:app"]
    process = start(*command, PORT=str(port), WORKERS="2", GRACE_SECONDS="5")
    wait_for(lambda: ask(port, "first"), "an answer")
    for number in range(300):
        assert ask(port, f"r-{number}")
    process.popen.terminate()
    printed = count(process.read_lines())
    assert count(map(json.loads, server.texts)) == printed
    messages = Counter(json.loads(text)["message"] for text in server.texts)
    assert messages["asked"] >= 301
    assert messages["loaded"] == 1
    # The last words of each worker.
    assert messages["Application shutdown complete."] == 2


def test_what_gunicorns_master_says_arrives_everywhere_to_its_last_line(
    server: LokiServer, start: Start, tmp_path: Path
) -> None:
    port, file = find_port(), tmp_path / "service.log"
    variables = {"PORT": str(port), "WORKERS": "2", "GRACE_SECONDS": "5", "LOG_FILE": str(file)}
    process = start(*GUNICORN, "app.main:app", **variables)
    started = "Application startup complete."
    wait_for(lambda: server.messages.count(started) == 2, "two workers")
    # What waits in a process that is killed is lost.
    wait_for(lambda: len(server.texts) == len(process.read_lines_so_far()), "all lines so far")
    killed, stopped = sorted(process.list_workers())
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: server.messages.count(started) == 3, "a worker instead of the one killed")
    os.kill(stopped, signal.SIGTERM)
    wait_for(lambda: server.messages.count(started) == 4, "a worker instead of the one stopped")
    process.popen.terminate()
    printed = process.read_lines()
    assert printed[-1]["message"] == "Shutting down: Master"
    assert [line["message"] for line in printed if line["level"] not in {"info", "debug"}] == [
        f"Worker (pid:{killed}) was sent SIGKILL! Perhaps out of memory?"
    ]
    assert {line["service"] for line in printed} == {"my-service"}
    assert count(map(json.loads, server.texts)) == count(printed)
    written = file.read_text(encoding="utf-8").splitlines()
    assert count(map(json.loads, written)) == count(printed)


def test_a_drain_closes_its_socket_once(start: Start) -> None:
    port = find_port()
    process = start(*GUNICORN, "app.main:app", PORT=str(port), WORKERS="1", GRACE_SECONDS="5")
    wait_for(lambda: ask(port, "first"), "an answer")
    kept = HTTPConnection("127.0.0.1", port)
    kept.request("GET", "/health/live")
    assert kept.getresponse().read()
    process.popen.terminate()
    messages = [line["message"] for line in process.read_lines()]
    kept.close()
    assert [each for each in messages if "clos" in each or "descriptor" in each] == []
    assert "Application shutdown complete." in messages


def test_a_worker_that_cannot_start_is_said_to_loki(server: LokiServer, start: Start) -> None:
    (SERVICE / "broken.py").write_text('raise ValueError("no number")', encoding="utf-8")
    process = start(*GUNICORN, "broken:app", PORT=str(find_port()), WORKERS="1")
    assert process.popen.wait(PATIENCE_SECONDS) != 0
    printed = process.read_lines_so_far()
    assert count(map(json.loads, server.texts)) == count(printed)
    errors = [line for line in printed if line["level"] == "error"]
    assert "ValueError: no number" in errors[0]["error"]
    assert errors[-1]["message"] == "Reason: Worker failed to boot."


# The service with a line while it is loaded, before the fork, and one for each request.
PRELOADED = '''
from app.main import app as served
from app.utils.logger import Logger

logger = Logger("app.test")
logger.info("loaded")


async def app(scope, receive, send):
    if scope["type"] == "http":
        logger.info("asked")
    await served(scope, receive, send)
'''
