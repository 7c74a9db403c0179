"""Run what a worker does by itself: jobs by a schedule, and duties all the time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# {% if cookiecutter.database != "none" %}
from app.services.job_figures import MEASURE_SECONDS, show_lateness
# {% endif %}
from app.services.job_scheduler import JobScheduler
from app.utils.background import repeat, run_in_background
from app.utils.container import Container
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.jobs import Duty, Worker

PAUSE_SECONDS = 1.0


class DutyRunner:
    """Run one duty for ever."""

    def __init__(self, duty: Duty, opened: Container) -> None:
        """Check at once that everything the duty asks for is there."""
        self._duty = duty
        check_parameters(duty.function, opened)
        self._arguments = pick_arguments(read_parameters(duty.function), opened)

    async def run(self) -> None:
        """Run the duty, and begin it again when it ends before its time."""
        await repeat(self._perform, PAUSE_SECONDS, failure="job failed", job=self._duty.name)

    async def _perform(self) -> None:
        await self._duty.function(**self._arguments)


@asynccontextmanager
async def run_jobs(worker: Worker, opened: Container) -> AsyncIterator[None]:
    """Run the jobs in the background while the block runs."""
    scheduler = JobScheduler(worker.jobs, opened)
    duties = [DutyRunner(duty, opened) for duty in worker.duties]
    work = [scheduler.run(), *(duty.run() for duty in duties)]
    # {% if cookiecutter.database != "none" %}
    work.append(repeat(lambda: show_lateness(worker.jobs, opened), MEASURE_SECONDS))
    # {% endif %}
    async with run_in_background(*work):
        yield
