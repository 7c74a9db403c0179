"""One run of a job: under a lease, in a trace, in a unit of work if it asks for one."""

import asyncio
import math
from contextlib import suppress
from time import perf_counter

from app.core.metrics import JOB_RUNS, JOB_SECONDS
from app.core.readings import show_zeros
from app.core.tracing import start_trace
from app.database import BEGIN_ITSELF, Database
from app.services.job_keeper import LeaseKeeper
from app.services.job_leases import JobLeaseLostError, JobLeases
from app.services.job_planning import Outcome
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.jobs import Job, Run
from app.utils.logger import Logger
from app.utils.watchdog import Watchdog

logger = Logger(__name__)

ENDS = (Outcome.DONE, Outcome.RETRIED, Outcome.FAILED, Outcome.LOST)
# A database that does not answer by then lets the lease end.
HAND_BACK_SECONDS = 2.0


class JobRunner:
    """Runs one job when it is due."""

    def __init__(self, job: Job, opened: Container) -> None:
        """Check at once that everything the job asks for is there."""
        self.job = job
        self._opened = opened
        self._database = opened[Database]
        self._leases = JobLeases(self._database, job)
        show_zeros(JOB_RUNS, [job.name], ENDS)
        self._seconds = JOB_SECONDS.labels(job.name)
        self._watchdog = Watchdog(job.timeout or math.inf)
        check_parameters(job.function, {*opened, UnitOfWork, Run})
        self._parameters = read_parameters(job.function)
        self._has_unit = UnitOfWork in self._parameters.values()
        if job.timeout is not None and self._has_unit:
            self._database.check_timeout(job.name, job.timeout, BEGIN_ITSELF)

    async def run_if_due(self) -> None:
        """Run the job if it is due and no other process has it; a failure is logged."""
        run, ended = await self._leases.take()
        for outcome in ended:
            self._count(outcome)
            logger.warning("job run " + outcome, job=self.job.name)
        if run is not None:
            await self._run(run)

    async def _run(self, run: Run) -> None:
        started = perf_counter()
        try:
            with start_trace(f"job {self.job.name}"):
                await self._call(run)
                logger.info("job done", job=self.job.name)
            self._count(Outcome.DONE)
        except JobLeaseLostError:
            # Counted by the process that takes it over.
            logger.warning("job lease lost", job=self.job.name, token=run.token)
        except asyncio.CancelledError:
            with suppress(Exception):
                async with asyncio.timeout(HAND_BACK_SECONDS):
                    await self._leases.hand_back(run)
            raise
        except Exception as error:
            logger.exception("job failed", job=self.job.name, attempt=run.attempt)
            await self._fail(run, error)
        finally:
            self._seconds.observe(perf_counter() - started)

    async def _call(self, run: Run) -> None:
        """Call the job in its time, and record its end with what it has changed."""
        keeper = LeaseKeeper(self._leases, run)
        async with keeper.hold():
            with self._watchdog.limit():
                await self._call_held(run, keeper)

    async def _call_held(self, run: Run, keeper: LeaseKeeper) -> None:
        values = {**self._opened, Run: run}
        if not self._has_unit:
            await self.job.function(**pick_arguments(self._parameters, values))
            await keeper.stop()
            async with self._database.begin() as session:
                await self._leases.finish(session, run)
            return
        async with self._opened[UnitOfWorkFactory]() as uow:
            values[UnitOfWork] = uow
            await self.job.function(**pick_arguments(self._parameters, values))
            await keeper.stop()
            await self._leases.finish(uow.session, run)

    async def _fail(self, run: Run, error: Exception) -> None:
        try:
            self._count(await self._leases.fail(run, error))
        except JobLeaseLostError:
            logger.warning("job lease lost", job=self.job.name, token=run.token)

    def _count(self, outcome: Outcome) -> None:
        JOB_RUNS.labels(self.job.name, outcome).inc()
