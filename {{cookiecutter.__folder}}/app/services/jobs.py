"""Run jobs: by the clock, each on one replica at a time, or all the time on every replica."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from app.core.metrics import JOB_RUNS, JOB_SECONDS
from app.core.tracing import start_trace
from app.services.job_claims import JobClaims
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
# {% endif %}
from app.utils.background import repeat, run_in_background
from app.utils.container import Container
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.jobs import Duty, Job, Worker
from app.utils.logger import Logger

logger = Logger(__name__)

# A claim ends a little before the next run, or clocks that differ would skip one.
CLAIMED_PART = 0.9
PAUSE_SECONDS = 1.0
FAILURE = "job failed"


class JobRunner:
    """Run one job for ever."""

    def __init__(self, job: Job, opened: Container) -> None:
        """Check at once that everything the job asks for is there."""
        self._job = job
        self._opened = opened
        self._claims = JobClaims(opened)
        self._parameters = read_parameters(job.function)
        # {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
        check_parameters(job.function, {*opened, UnitOfWork})
        # {% endif %}
        # {% if cookiecutter.database == "none" and cookiecutter.broker == "none" %}
        check_parameters(job.function, opened)
        # {% endif %}

    async def run(self) -> None:
        """Run the job whenever it is due; a failure is logged, and the next run comes."""
        await repeat(self._run_if_due, self._job.seconds, failure=FAILURE, job=self._job.name)

    async def _run_if_due(self) -> None:
        if await self._claims.take(self._job.name, self._job.seconds * CLAIMED_PART):
            await self.run_once()

    async def run_once(self) -> None:
        """Run the job now, and count how it ended."""
        outcome, started = "failed", perf_counter()
        try:
            await self._run()
            outcome = "done"
        finally:
            JOB_RUNS.labels(self._job.name, outcome).inc()
            JOB_SECONDS.labels(self._job.name).observe(perf_counter() - started)

    async def _run(self) -> None:
        """Run the job in a trace of its own."""
        # {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
        with start_trace(f"job {self._job.name}"):
            async with self._opened[UnitOfWorkFactory]() as uow:
                values = {**self._opened, UnitOfWork: uow}
                await self._job.function(**pick_arguments(self._parameters, values))
            logger.info("job done", job=self._job.name)
        # {% endif %}
        # {% if cookiecutter.database == "none" and cookiecutter.broker == "none" %}
        with start_trace(f"job {self._job.name}"):
            await self._job.function(**pick_arguments(self._parameters, self._opened))
            logger.info("job done", job=self._job.name)
        # {% endif %}


class DutyRunner:
    """Run one duty for ever."""

    def __init__(self, duty: Duty, opened: Container) -> None:
        """Check at once that everything the duty asks for is there."""
        self._duty = duty
        check_parameters(duty.function, opened)
        self._arguments = pick_arguments(read_parameters(duty.function), opened)

    async def run(self) -> None:
        """Run the duty, and begin it again when it ends before its time."""
        await repeat(self._perform, PAUSE_SECONDS, failure=FAILURE, job=self._duty.name)

    async def _perform(self) -> None:
        await self._duty.function(**self._arguments)


@asynccontextmanager
async def run_jobs(worker: Worker, opened: Container) -> AsyncIterator[None]:
    """Run the jobs in the background while the block runs."""
    jobs = [JobRunner(job, opened) for job in worker.jobs]
    duties = [DutyRunner(duty, opened) for duty in worker.duties]
    async with run_in_background(*(job.run() for job in jobs), *(duty.run() for duty in duties)):
        yield
