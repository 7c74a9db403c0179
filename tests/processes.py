"""A rendered service as a process of its own, on a port of its own."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.programs import clean_environment, share_bytecode

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0
API = ("-m", "gunicorn", "-c", "app/core/gunicorn_config.py", "app.main:app")
DEVELOPMENT_API = ("-m", "app.main")
WORKER = ("-m", "app.worker_main")


def find_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """Return what `look` finds as soon as it finds something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        # A server that is starting may have accepted a connection that it does not read yet.
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if found := look():
                return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_SECONDS:g} seconds")


def ask(port: int, path: str, body: dict[str, object] | None = None, host: str = HOST) -> Any:
    """Send a request and return the JSON of its answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://{host}:{port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


class Process:
    """A running part of a service, whose output goes to a file."""

    def __init__(self, service: Path, *arguments: str, log: Path, **variables: str) -> None:
        """Start Python in the service with these arguments."""
        self._log = log
        share_bytecode(service / ".venv")
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [service / ".venv/bin/python", *arguments],
                cwd=service,
                # Workers of several tests, and of one, run at once: none takes the usual port.
                env=clean_environment(**{"WORKER_HEALTH_PORT": "0", **variables}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """Its number, which is its group's too."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        return self._popen.poll() is None

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end and return its exit status."""
        return self._popen.wait(seconds)

    def terminate(self) -> None:
        """Ask it to stop."""
        self._popen.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """Press Ctrl+C, as far as it is concerned."""
        self._popen.send_signal(signal.SIGINT)

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """End it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


@contextmanager
def running(service: Path, *arguments: str, log: Path, **variables: str) -> Iterator[Process]:
    """Run a part of a service, and leave nothing of it behind."""
    process = Process(service, *arguments, log=log, **variables)
    try:
        yield process
    finally:
        process.kill()
