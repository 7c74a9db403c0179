"""What shows services at work: each as a process, asked over HTTP, with what it has logged."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 40.0
# What the developer may have set, and would make a service look for another server.
HIDDEN = ("BROKER_URL", "DATABASE_URL", "REDIS_URL", "LOKI_URL", "LOG_FILE", "ENVIRONMENT")


class ShowError(RuntimeError):
    """There is nothing more to show; the message says why in one line."""


class Service:
    """A part of a rendered service as a process, with the log lines that it has written."""

    def __init__(
        self, folder: Path, command: Sequence[str | Path], *, port: int, **variables: str
    ) -> None:
        """Start a command in the folder; it may listen on the port."""
        self.name = folder.name
        self.address = f"http://{HOST}:{port}"
        self.lines: list[str] = []
        self.shows_lines = False
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(PORT=str(port), **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            if self.shows_lines:
                say(f"    {self.lines[-1]}")

    def ask(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        method: str | None = None,
        token: str | None = None,
    ) -> Any:
        """Send a request and return the JSON of its answer; raises URLError without one."""
        with self._open(path, body, method, token) as response:
            return json.load(response)

    def listen(self, path: str) -> Iterator[Any]:
        """Yield the JSON of every server-sent event."""
        with self._open(path, None, None) as response:
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def _open(
        self, path: str, body: dict[str, Any] | None, method: str | None, token: str | None = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.address + path, data, headers, method=method)  # noqa: S310 - our own http
        return urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)  # noqa: S310 - our own http

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        """Return what `look` finds as soon as it finds something; raises ShowError."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                last = self.lines[-1] if self.lines else "it said nothing"
                raise ShowError(f"{self.name} has stopped: {last}")
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if found := look():
                    return found
            time.sleep(0.1)
        raise ShowError(f"{what}: not within {PATIENCE_SECONDS:g} seconds")

    def stay(self) -> None:
        """Show log lines until the process ends."""
        self.shows_lines = True
        self._process.wait()

    def stop(self) -> None:
        """Ask the process to stop; raises ShowError unless it does so cleanly."""
        self._process.terminate()
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise ShowError(f"{self.name} did not stop within {STOP_SECONDS:g} seconds") from None
        if status != 0:
            last = self.lines[-1] if self.lines else "it said nothing"
            raise ShowError(f"{self.name} stopped with exit status {status}: {last}")


def clean_environment(**variables: str) -> Mapping[str, str]:
    """Return the environment without what the developer has set for other services."""
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    return {**kept, **variables}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(command: Sequence[str | Path], folder: Path, **variables: str) -> None:
    """Run a command quietly; raises ShowError with its last line when it fails."""
    environment = clean_environment(**variables)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise ShowError(f"`{' '.join(map(str, command))}` failed: {last[0]}")


def find_port(usual: int) -> int:
    """Return the usual port when it is free, and another one otherwise."""
    for port in (usual, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise ShowError("no port is free")
