"""Jobs in processes that are killed or stand still: another goes on, and only its run counts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from app.core.config import CoreSettings
from app.database import Database, open_database
from app.utils.container import Container
from tests.job_kit import read_outcomes, read_row
from tests.job_process import LEASE_SECONDS

PATIENCE_SECONDS = 90
ROOT = Path(__file__).parents[1]
Answer = TypeVar("Answer")


class Starter:
    """Starts workers, each with files under its name."""

    def __init__(self, core: CoreSettings) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._variables = {"PYTHONPATH": str(ROOT), "DATABASE_URL": core.database.url}

    def __call__(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.job_process", name]
        self.processes[name] = subprocess.Popen(command, env={**os.environ, **self._variables})

    def end(self) -> None:
        """End all of them, also one that stands still."""
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def workers(core: CoreSettings) -> Iterator[Starter]:
    starter = Starter(core)
    yield starter
    starter.end()


def start_two(workers: Starter) -> tuple[str, str]:
    """Start two workers, and return which one has the job and which one has not."""
    names = ["one", "two"]
    for name in names:
        workers(name)
    wait_for(lambda: all(Path(f"{name}.ready").exists() for name in names))
    wait_for(lambda: any(Path(f"{name}.begun").exists() for name in names))
    holder, other = sorted(names, key=lambda name: not Path(f"{name}.begun").exists())
    return holder, other


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def ask(core: CoreSettings, question: Callable[[Container], Awaitable[Answer]]) -> Answer:
    """Return what the database knows of the job."""

    async def run() -> Answer:
        async with open_database(core.database, connections=1) as database:
            opened = Container()
            opened.add(Database, database)
            return await question(opened)

    return asyncio.run(run())


def read(core: CoreSettings) -> list[tuple[int, str]]:
    """Return how the runs ended."""
    return ask(core, lambda opened: read_outcomes(opened, "stay"))


def read_lease(core: CoreSettings) -> datetime | None:
    """Return until when the lease lasts."""
    return ask(core, lambda opened: read_row(opened, "stay")).lease_until


def test_a_run_is_taken_over_from_a_process_that_stands_still_and_from_one_that_was_killed(
    workers: Starter, core: CoreSettings
) -> None:
    first, second = start_two(workers)
    stopped = workers.processes[first]
    # Right after it has renewed its lease, so that it holds no lock of the database.
    until = read_lease(core)
    wait_for(lambda: read_lease(core) != until)
    stopped.send_signal(signal.SIGSTOP)
    wait_for(Path(f"{second}.begun").exists)
    # It wakes, comes to its end at once, and records nothing.
    Path(f"{first}.begun").unlink()
    Path(f"{first}.go").touch()
    stopped.send_signal(signal.SIGCONT)
    wait_for(lambda: "job lease lost" in Path(f"{first}.log").read_text(encoding="utf-8"))
    # The second one renews its lease, for longer than it lasts without.
    renewed_until = time.monotonic() + 1.5 * LEASE_SECONDS
    wait_for(lambda: time.monotonic() > renewed_until)
    assert read(core) == [(1, "lost"), (2, "running")]
    workers.processes[second].kill()
    wait_for(lambda: read(core) == [(1, "lost"), (2, "lost"), (3, "done")])
    assert Path(f"{first}.begun").read_text(encoding="utf-8") == "3"
