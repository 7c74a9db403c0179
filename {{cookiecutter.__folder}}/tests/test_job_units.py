"""Jobs that take longer than a transaction may be open begin their units of work themselves."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import Database
from app.services import job_runner
from app.services.job_runner import JobRunner
from app.tables import JobSchedule
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.clock import now
from app.utils.container import Container
from app.utils.jobs import Worker
from tests.job_kit import make_runner, read_outcomes, read_runs

DAY = 86_400
PORTION = 2
worker = Worker()


async def fill(opened: Container, count: int) -> None:
    """Make rows for a job to work on."""
    async with opened[Database].begin() as session:
        for number in range(count):
            moment = now() + timedelta(days=365)
            session.add(JobSchedule(name=f"row {number}", schedule="", next_run_at=moment))


async def list_left(uow: UnitOfWork) -> list[JobSchedule]:
    """Return a portion of the rows that have not been worked on."""
    rows = select(JobSchedule).where(JobSchedule.schedule == "").limit(PORTION)
    return list(await uow.session.scalars(rows))


@worker.every(seconds=86_400, timeout=43_200)
async def work_through(begin: UnitOfWorkFactory) -> None:
    """Work on all rows, a portion in each transaction."""
    while True:
        async with begin() as uow:
            rows = await list_left(uow)
            for row in rows:
                row.schedule = "done"
        if not rows:
            return


async def test_a_job_that_takes_long_works_in_portions(opened: Container) -> None:
    await fill(opened, 5)
    await JobRunner(worker.jobs[0], opened).run_if_due()
    assert await read_outcomes(opened, "work_through") == [(1, "done")]
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        assert await list_left(uow) == []


async def test_what_a_job_has_finished_before_it_fails_stays(opened: Container) -> None:
    await fill(opened, 5)
    own = Worker()

    @own.every(seconds=DAY)
    async def stumble(begin: UnitOfWorkFactory) -> None:
        async with begin() as uow:
            for row in await list_left(uow):
                row.schedule = "done"
        raise RuntimeError("a bug")

    await JobRunner(own.jobs[0], opened).run_if_due()
    assert await read_outcomes(opened, "stumble") == [(1, "retried")]
    async with opened[Database].begin(read_only=True) as session:
        rows = await session.scalars(select(JobSchedule.name).where(JobSchedule.schedule == "done"))
        assert len(rows.all()) == PORTION


async def test_what_a_job_with_a_unit_of_work_did_before_it_fails_does_not(
    opened: Container,
) -> None:
    await fill(opened, 1)
    own = Worker()

    @own.every(seconds=DAY)
    async def stumble(uow: UnitOfWork) -> None:
        for row in await list_left(uow):
            row.schedule = "done"
        raise RuntimeError("a bug")

    await JobRunner(own.jobs[0], opened).run_if_due()
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        assert len(await list_left(uow)) == 1


def test_a_job_needs_at_least_one_attempt() -> None:
    async def tick() -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="'tick': attempts and misfire_seconds are above zero"):
        Worker().every(seconds=1, attempts=0)(tick)


@pytest.mark.parametrize(
    ("message", "text"), [("name \udce4.csv", r"name \udce4.csv"), ("a\0b", r"a\0b")]
)
async def test_a_failure_is_recorded_whatever_characters_its_message_has(
    opened: Container, message: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where tests are spread over processes, captured lines are sent, which such text cannot be.
    monkeypatch.setattr(logging.getLogger(job_runner.__name__), "disabled", True)

    async def fail() -> None:
        raise RuntimeError(message)

    await make_runner(fail, opened, attempts=1).run_if_due()
    [run] = await read_runs(opened, "fail")
    assert (run.outcome, run.error) == ("failed", f"RuntimeError: {text}")
