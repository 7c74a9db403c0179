"""What is known of jobs, for metrics and for people, and what people may change."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.metrics import JOB_LATE_SECONDS
from app.database import Database
from app.services.job_clock import read_clock
from app.services.job_planning import count_seconds
from app.tables import JobRun, JobSchedule
from app.utils.container import Container
from app.utils.jobs import Job

MEASURE_SECONDS = 15.0
LIMIT_SECONDS = 5.0


async def show_lateness(jobs: Collection[Job], opened: Container) -> None:
    """Measure how late each job is; absent when the database does not tell."""
    try:
        async with (
            asyncio.timeout(LIMIT_SECONDS),
            opened[Database].begin(read_only=True) as session,
        ):
            moment = await read_clock(session)
            rows = await read_rows(session)
    except Exception:  # noqa: BLE001 - whatever it is, the probes of the database say it
        rows = []
    JOB_LATE_SECONDS.values.clear()
    names = {job.name for job in jobs}
    for row in rows:
        if row.name in names:
            JOB_LATE_SECONDS.set(measure_lateness(row, moment), row.name)


def measure_lateness(row: JobSchedule, moment: datetime) -> float:
    """Return for how many seconds the next run has been due, 0 for a job that is paused."""
    return 0.0 if row.paused_at else count_seconds(row.next_run_at, moment)


async def read_rows(session: AsyncSession) -> Sequence[JobSchedule]:
    """Return the rows of all jobs."""
    return (await session.scalars(select(JobSchedule).order_by(JobSchedule.name))).all()


async def read_last_runs(session: AsyncSession, rows: Sequence[JobSchedule]) -> dict[str, JobRun]:
    """Return the last run of each job that has had one, by the job's name."""
    found = [await session.get(JobRun, (row.name, row.token)) for row in rows]
    return {run.name: run for run in found if run is not None}


async def read_history(session: AsyncSession, name: str | None, *, limit: int) -> Sequence[JobRun]:
    """Return the last runs of a job, or of all, the newest first."""
    runs = select(JobRun).order_by(JobRun.started_at.desc(), JobRun.token.desc()).limit(limit)
    if name is not None:
        runs = runs.where(JobRun.name == name)
    return (await session.scalars(runs)).all()


async def request_run(session: AsyncSession, name: str) -> None:
    """Let a worker run the job now, besides the runs that are planned."""
    row = await session.get_one(JobSchedule, name, with_for_update=True)
    row.requested_at = await read_clock(session)


async def pause(session: AsyncSession, name: str) -> None:
    """Begin no planned runs of the job; the one that goes on, or is retried, comes to its end."""
    row = await session.get_one(JobSchedule, name, with_for_update=True)
    row.paused_at = row.paused_at or await read_clock(session)


async def resume(session: AsyncSession, job: Job) -> datetime:
    """Run a job again that was paused, and return when: runs of the meantime are not made."""
    row = await session.get_one(JobSchedule, job.name, with_for_update=True)
    moment = await read_clock(session)
    if row.paused_at is not None:
        row.paused_at = None
        if row.next_run_at <= moment:
            row.next_run_at = job.schedule.find_next(row.next_run_at, moment)
    return row.next_run_at
