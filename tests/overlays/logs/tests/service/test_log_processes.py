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
from collections.abc import Callable, Iterator
from contextlib import suppress
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
GUNICORN = ("-m", "gunicorn", "-c", "app/core/gunicorn_config.py", "--preload", "app.main:app")


@pytest.fixture
def server() -> Iterator[LokiServer]:
    with serving_loki() as server:
        yield server


class Process:
    """Python in the service, with Loki set and standard output in a file."""

    def __init__(self, url: str, output: Path, *arguments: str, **variables: str) -> None:
        with output.open("wb") as file:
            self.popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=SERVICE,
                env={**os.environ, "LOKI_URL": url, **variables},
                stdout=file,
                start_new_session=True,
            )
        self._output = output

    def read_lines(self) -> list[dict[str, Any]]:
        """Wait for its end and return what it has logged."""
        assert self.popen.wait(PATIENCE_SECONDS) == 0
        lines = self._output.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (SERVICE / "service.py").write_text(PRELOADED, encoding="utf-8")
    command = [*GUNICORN[:-1], "service:app"]
    process = start(*command, PORT=str(port), WORKERS="2", GRACE_SECONDS="5")
    end = time.monotonic() + PATIENCE_SECONDS
    while not ask(port, "first"):
        assert time.monotonic() < end
    for number in range(300):
        assert ask(port, f"r-{number}")
    process.popen.terminate()
    printed = Counter(json.dumps(line, sort_keys=True) for line in process.read_lines())
    arrived = Counter(json.dumps(json.loads(text), sort_keys=True) for text in server.texts)
    assert arrived == printed
    messages = Counter(json.loads(text)["message"] for text in server.texts)
    assert messages["asked"] >= 301
    assert messages["loaded"] == 1
    # The last words of each worker.
    assert messages["Application shutdown complete."] == 2


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
