"""Run the jobs of this process by its own clock; a key in the cache says which replica does it."""

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter

from app.core.metrics import JOB_RUNS, JOB_SECONDS
from app.core.readings import show_zeros
from app.core.tracing import start_trace
# {% if cookiecutter.broker != "none" %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
# {% endif %}
from app.utils.background import repeat
from app.utils.cache import Cache
from app.utils.clock import now
from app.utils.container import Container
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.jobs import Job
from app.utils.logger import Logger
from app.utils.schedules import Cron, Every
from app.utils.watchdog import Watchdog

logger = Logger(__name__)

# A claim ends a little before the next run, or clocks that differ would skip one.
CLAIMED_PART = 0.9
# Longer than clocks differ, so that no replica finds a moment unclaimed that has been run.
CRON_CLAIM_SECONDS = 3600.0


class JobRunner:
    """Runs one job."""

    def __init__(self, job: Job, opened: Container) -> None:
        """Check at once that everything the job asks for is there."""
        self.job = job
        self._opened = opened
        self._watchdog = Watchdog(job.timeout or math.inf)
        show_zeros(JOB_RUNS, [job.name], ["done", "failed"])
        self._seconds = JOB_SECONDS.labels(job.name)
        self._parameters = read_parameters(job.function)
        # {% if cookiecutter.broker != "none" %}
        check_parameters(job.function, {*opened, UnitOfWork})
        # {% endif %}
        # {% if cookiecutter.broker == "none" %}
        check_parameters(job.function, opened)
        # {% endif %}

    async def run(self) -> None:
        """Run the job whenever it is due; a failure is logged, and the next run comes."""
        match self.job.schedule:
            case Every(seconds=seconds):
                await repeat(self.run_if_due, seconds)
            case Cron() as cron:
                await repeat(lambda: self._run_next(cron), 0)

    async def run_if_due(self) -> None:
        """Run the job unless another replica has in this period; a failure is logged."""
        schedule = self.job.schedule
        if isinstance(schedule, Every):
            await self._run_claimed("", schedule.seconds * CLAIMED_PART)

    async def _run_next(self, cron: Cron) -> None:
        planned_at = cron.find_first(now())
        while (left := planned_at - now()) > timedelta():  # noqa: ASYNC110 - a moment sets no event
            await asyncio.sleep(left.total_seconds())
        await self._run_claimed(f":{planned_at.isoformat()}", CRON_CLAIM_SECONDS)

    async def _run_claimed(self, which: str, seconds: float) -> None:
        try:
            if await self._opened[Cache].claim(f"job:{self.job.name}{which}", ttl=seconds):
                await self._run()
        except Exception:
            # The next moment of the schedule comes all the same.
            logger.exception("job failed", job=self.job.name)

    async def _run(self) -> None:
        outcome, started = "failed", perf_counter()
        try:
            with self._watchdog.limit(), start_trace(f"job {self.job.name}"):
                await self._call()
                logger.info("job done", job=self.job.name)
            outcome = "done"
        finally:
            JOB_RUNS.labels(self.job.name, outcome).inc()
            self._seconds.observe(perf_counter() - started)
    # {% if cookiecutter.broker != "none" %}

    async def _call(self) -> None:
        async with self._opened[UnitOfWorkFactory]() as uow:
            values = {**self._opened, UnitOfWork: uow}
            await self.job.function(**pick_arguments(self._parameters, values))
    # {% endif %}
    # {% if cookiecutter.broker == "none" %}

    async def _call(self) -> None:
        await self.job.function(**pick_arguments(self._parameters, self._opened))
    # {% endif %}


class JobScheduler:
    """Runs each job by itself."""

    def __init__(self, jobs: Sequence[Job], opened: Container) -> None:
        """Check at once that everything the jobs ask for is there."""
        self._runners = [JobRunner(job, opened) for job in jobs]

    async def run(self) -> None:
        """Run jobs for ever; when this is cancelled, so is what runs."""
        tasks = [asyncio.create_task(runner.run()) for runner in self._runners]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
