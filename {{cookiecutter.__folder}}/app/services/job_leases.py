"""Leases of jobs: one process has a job at a time, and only that one records how it ended."""

import os
import socket
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.database import Database
from app.database_errors import make_storable
from app.services.job_clock import read_clock
from app.services.job_planning import Outcome, Start, decide, find_retry
from app.tables import JobRun, JobSchedule
from app.utils.jobs import Job, Run

LEASE_SECONDS = 30.0
# How many runs of a job are kept.
HISTORY = 100
LONGEST_ERROR = 500


class JobLeaseLostError(RuntimeError):
    """The lease of a run has ended: another process may have the job, and nothing of it counts."""


class JobLeases:
    """Takes, renews and ends the leases of one job."""

    def __init__(self, database: Database, job: Job) -> None:
        """Keep them in the database."""
        self._database = database
        self._job = job
        self.is_file = database.engine.dialect.name == "sqlite"
        """SQLite: while a run writes nobody else can, neither take its lease nor renew it."""

    async def take(self) -> tuple[Run | None, tuple[Outcome, ...]]:
        """Take the job if something is due; also return outcomes that are known only now.

        There is no run when nothing is due or another process has it.
        """
        name = self._job.name
        async with self._database.begin() as session:
            row = await session.get(JobSchedule, name, with_for_update=True)
            if row is not None:
                moment = await read_clock(session)
                last = await session.get(JobRun, (name, row.token))
                decision = decide(row, last, self._job, moment)
                if decision.start is None:
                    return None, decision.ended
                run = self._begin(session, row, decision.start, moment)
                old = (JobRun.name == name) & (JobRun.token <= row.token - HISTORY)
                await session.execute(delete(JobRun).where(old))
                return run, decision.ended if run else (*decision.ended, Outcome.MISSED)
        await ensure_row(self._database, self._job)
        return await self.take()

    def _begin(
        self, session: AsyncSession, row: JobSchedule, start: Start, moment: datetime
    ) -> Run | None:
        row.token += 1
        record = JobRun(
            name=row.name,
            token=row.token,
            planned_at=start.planned_at,
            attempt=start.attempt,
            started_at=moment,
            outcome=Outcome.RUNNING,
            holder=f"{socket.gethostname()}:{os.getpid()}",
        )
        session.add(record)
        if start.is_missed:
            record.outcome, record.ended_at = Outcome.MISSED, moment
            return None
        row.lease_until = moment + timedelta(seconds=LEASE_SECONDS)
        return Run(
            job=row.name, planned_at=start.planned_at, attempt=start.attempt, token=row.token
        )

    async def renew(self, run: Run) -> None:
        """Make the lease longer; raises JobLeaseLostError when it has ended."""
        # The run itself may hold all connections of the pool.
        async with self._database.unpooled.connect() as connection:
            if self.is_file:
                # Or the write lock: then it is in nobody else's hands, and waiting is in vain.
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await driver.execute("PRAGMA busy_timeout = 0")
            async with connection.begin():
                moment = await read_clock(connection)
                until = moment + timedelta(seconds=LEASE_SECONDS)
                await self._change(connection, run, moment, lease_until=until)

    async def finish(self, session: AsyncSession, run: Run) -> None:
        """Record that the run is done, in the transaction of what it has changed.

        Raises JobLeaseLostError when the lease has ended, so that nothing of it is committed.
        """
        await self._end(session, run, Outcome.DONE)

    async def fail(self, run: Run, error: Exception) -> Outcome:
        """Record that the run failed, and return whether it is tried again."""
        async with self._database.begin() as session:
            row = await session.get_one(JobSchedule, run.job, with_for_update=True)
            retry_at = find_retry(row, run.attempt, self._job, await read_clock(session))
            outcome = Outcome.FAILED if retry_at is None else Outcome.RETRIED
            text = make_storable(f"{type(error).__name__}: {error}", LONGEST_ERROR)
            await self._end(session, run, outcome, error=text, retry_at=retry_at)
        return outcome

    async def hand_back(self, run: Run) -> None:
        """Let another process run it at once, as this one is stopped."""
        async with self._database.begin() as session:
            moment = await read_clock(session)
            await self._end(session, run, Outcome.HANDED_BACK, retry_at=moment)

    async def _end(
        self,
        session: AsyncSession,
        run: Run,
        outcome: Outcome,
        *,
        error: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        connection = await session.connection()
        moment = await read_clock(connection)
        await self._change(connection, run, moment, lease_until=None, retry_at=retry_at)
        own = (JobRun.name == run.job) & (JobRun.token == run.token)
        values = {"outcome": outcome, "ended_at": moment, "error": error}
        await connection.execute(update(JobRun).where(own).values(values))

    async def _change(
        self, connection: AsyncConnection, run: Run, moment: datetime, **values: datetime | None
    ) -> None:
        lease = JobSchedule.lease_until
        is_ours = (
            (JobSchedule.name == run.job)
            & (JobSchedule.token == run.token)
            & (lease.is_not(None) if self.is_file else lease > moment)
        )
        changed = await connection.execute(update(JobSchedule).where(is_ours).values(values))
        if changed.rowcount != 1:
            raise JobLeaseLostError(f"the lease of job {run.job!r} has ended")


async def ensure_row(database: Database, job: Job) -> None:
    """Give the job its row, unless it has one."""
    async with database.begin(read_only=True) as session:
        if await session.scalar(select(JobSchedule.name).where(JobSchedule.name == job.name)):
            return
        moment = await read_clock(session)
    try:
        async with database.begin() as session:
            first = job.schedule.find_first(moment)
            session.add(JobSchedule(name=job.name, schedule=str(job.schedule), next_run_at=first))
    except IntegrityError:
        # Another process was first.
        return
