"""Jobs whose clock, also the database's, is a test's."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from app.commands import jobs as command
from app.database import Database
from app.services import job_figures, job_leases, job_scheduler
from app.services.job_runner import JobRunner
from app.tables import JobRun, JobSchedule
from app.utils.container import Container
from app.utils.jobs import Job, JobFunction
from app.utils.schedules import Every, Schedule

MINUTE = Every(60)


ClockLike = TypeVar("ClockLike", bound=Callable[[], datetime])


def share_clock(clock: ClockLike, patch: pytest.MonkeyPatch) -> ClockLike:
    """Let the database's clock be the test's."""

    async def read_clock(_: object) -> datetime:
        return clock()

    for module in (command, job_figures, job_leases, job_scheduler):
        patch.setattr(module, "read_clock", read_clock)
    return clock


def make_runner(
    function: JobFunction, opened: Container, schedule: Schedule = MINUTE, **how: Any
) -> JobRunner:
    """Return what runs a job, as a replica of its own would."""
    job = Job(name=function.__name__, schedule=schedule, function=function, **how)
    return JobRunner(job, opened)


async def read_row(opened: Container, name: str) -> JobSchedule:
    """Return the row of a job."""
    async with opened[Database].begin(read_only=True) as session:
        return await session.get_one(JobSchedule, name)


async def is_planned(opened: Container, name: str) -> bool:
    """Tell whether a replica has said, for all of them, when a job runs first."""
    async with opened[Database].begin(read_only=True) as session:
        return await session.get(JobSchedule, name) is not None


async def wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the tables say."""
    while not await is_so():  # noqa: ASYNC110 - nothing tells when a row changes
        await asyncio.sleep(0.01)


async def read_runs(opened: Container, name: str) -> Sequence[JobRun]:
    """Return the runs of a job, the first one first."""
    runs = select(JobRun).where(JobRun.name == name).order_by(JobRun.token)
    async with opened[Database].begin(read_only=True) as session:
        return (await session.scalars(runs)).all()


async def read_outcomes(opened: Container, name: str) -> list[tuple[int, str]]:
    """Return attempt and outcome of each run of a job."""
    return [(run.attempt, run.outcome) for run in await read_runs(opened, name)]
