"""A server as a process of its own, and the CPU that it has used."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import BenchmarkError
from tests.processes import HOST
from tests.programs import clean_environment

PATIENCE_SECONDS = 60.0
STOP_SECONDS = 10.0


class Server:
    """A program that listens on a port, in one process whose output goes to a file."""

    def __init__(
        self, *command: str | Path, port: int, folder: Path, log: Path, **variables: str
    ) -> None:
        """Start the program in a folder."""
        self.port = port
        self.idle = 0.0
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                command,
                cwd=folder,
                env=clean_environment(**variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def name(self) -> str:
        """What the server is called in messages."""
        return self._log.stem

    @property
    def cpu_seconds(self) -> float:
        """The CPU that the process has used: user and system, of all its threads."""
        # What clock_getcpuclockid(3) returns for a process; /proc counts in hundredths of a second.
        return time.clock_gettime((~self._popen.pid << 3) | 2)

    def wait(self) -> None:
        """Return when the server listens; raises BenchmarkError when it does not."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if self._popen.poll() is not None:
                said = self._log.read_text(encoding="utf-8", errors="replace").strip()
                last = said.splitlines()[-1] if said else "it said nothing"
                raise BenchmarkError(f"the server {self.name} has stopped: {last}")
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise BenchmarkError(f"the server {self.name} does not listen on port {self.port}")

    def watch_idle(self, seconds: float) -> None:
        """Measure how much of a core it uses while nobody asks for anything."""
        before = self.cpu_seconds
        time.sleep(seconds)
        self.idle = (self.cpu_seconds - before) / seconds

    def stop(self) -> None:
        """Stop the server, by force when it takes too long."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()


@contextmanager
def running(
    *command: str | Path, port: int, folder: Path, log: Path, **variables: str
) -> Iterator[Server]:
    """Run a server and leave nothing of it behind."""
    server = Server(*command, port=port, folder=folder, log=log, **variables)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
