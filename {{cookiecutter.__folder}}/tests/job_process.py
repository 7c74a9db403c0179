"""A worker in a process of its own, for tests to kill: its job says when it begins."""

import asyncio
import logging
import sys
from pathlib import Path

from app.core.config import load_core_settings
from app.core.settings import read_settings
from app.domain.settings import Settings
from app.lifespan import open_container
from app.services import job_leases, job_scheduler
from app.services.jobs import run_jobs
from app.utils.jobs import Run, Worker

LEASE_SECONDS = 3.0
NAME = sys.argv[1] if len(sys.argv) > 1 else ""


def note(what: str, text: str = "") -> None:
    """Write a file that the test waits for."""
    Path(f"{NAME}.{what}").write_text(text, encoding="utf-8")


def may_end() -> bool:
    """Tell whether the test lets the job end."""
    return Path(f"{NAME}.go").exists()


async def stay(run: Run) -> None:
    """Run until the test says so."""
    note("begun", str(run.attempt))
    while not may_end():  # noqa: ASYNC110 - it is a file that another process writes
        await asyncio.sleep(0.02)


async def work() -> None:
    """Work until the process is ended."""
    job_leases.LEASE_SECONDS, job_scheduler.LOOK_SECONDS = LEASE_SECONDS, 0.1
    worker = Worker()
    worker.every(seconds=3600)(stay)
    settings = read_settings(Settings)
    async with open_container(load_core_settings(), settings) as opened, run_jobs(worker, opened):
        note("ready")
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(filename=f"{NAME}.log", level=logging.INFO)
    asyncio.run(work())
