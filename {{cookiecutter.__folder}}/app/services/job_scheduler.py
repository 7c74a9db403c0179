"""Run the jobs of this process when they are due; the database says when that is."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import select

from app.database import Database
from app.database_errors import translate_errors
from app.services.job_clock import read_clock
from app.services.job_planning import find_wait
from app.services.job_runner import JobRunner
from app.tables import JobSchedule
from app.utils.container import Container
from app.utils.jobs import Job
from app.utils.logger import Logger

logger = Logger(__name__)

# When nothing is due: somebody may want a run, or resume a job, or a replica may have died.
LOOK_SECONDS = 5.0


class JobScheduler:
    """Starts each job when it is due; several at a time, but none twice."""

    def __init__(self, jobs: Sequence[Job], opened: Container) -> None:
        """Check at once that everything the jobs ask for is there."""
        self._database = opened[Database]
        self._runners = {job.name: JobRunner(job, opened) for job in jobs}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._is_lost = False

    async def run(self) -> None:
        """Run jobs for ever; when this is cancelled, so is what runs."""
        try:
            while self._runners:
                self._woken.clear()
                pause = await self._look_safely()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _look_safely(self) -> float:
        try:
            with translate_errors():
                pause = await self._look()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next time may do
            if not self._is_lost:
                logger.failure("jobs not looked up", error)
            self._is_lost = True
            return LOOK_SECONDS
        self._is_lost = False
        return pause

    async def _look(self) -> float:
        """Start what is due; return in how many seconds to look again."""
        idle = self._runners.keys() - self._running.keys()
        async with self._database.begin(read_only=True) as session:
            moment = await read_clock(session)
            known = select(JobSchedule).where(JobSchedule.name.in_(idle))
            rows = {row.name: row for row in await session.scalars(known)}
        pause = LOOK_SECONDS
        for name in idle:
            row, runner = rows.get(name), self._runners[name]
            is_current = row is not None and row.schedule == str(runner.job.schedule)
            wait = find_wait(row, moment) if row is not None and is_current else 0.0
            pause = min(pause, wait or LOOK_SECONDS)
            if wait == 0:
                self._start(runner)
        return pause

    def _start(self, runner: JobRunner) -> None:
        name = runner.job.name

        def end(_: asyncio.Task[None]) -> None:
            del self._running[name]
            self._woken.set()

        self._running[name] = asyncio.create_task(self._run_safely(runner))
        self._running[name].add_done_callback(end)

    async def _run_safely(self, runner: JobRunner) -> None:
        try:
            with translate_errors():
                await runner.run_if_due()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next time may do
            logger.failure("job not run", error, job=runner.job.name)
            await asyncio.sleep(LOOK_SECONDS)
