"""Leases of jobs: renewed while a run goes on, taken over when it dies, and then worth nothing."""

import asyncio
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from app.core.config import CoreSettings
from app.database import Database
from app.services import job_leases
from app.services.job_clock import read_clock
from app.services.job_leases import JobLeaseLostError, JobLeases
from app.tables import JobRun, JobSchedule
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.clock import now
from app.utils.container import Container
from app.utils.jobs import Job, Run
from app.utils.schedules import Every
from tests.job_kit import make_runner, read_outcomes, read_row, read_runs, share_clock
from tests.kit.clock import Clock

PATIENCE_SECONDS = 60


@pytest.fixture
def shared(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock, also of the database."""
    return share_clock(clock, monkeypatch)


@pytest.fixture
def leases(opened: Container) -> JobLeases:
    return make_leases(opened)


def make_leases(opened: Container, attempts: int = 5) -> JobLeases:
    async def tick() -> None:
        raise AssertionError

    job = Job(name="tick", schedule=Every(3600), function=tick, attempts=attempts)
    return JobLeases(opened[Database], job)


async def take(leases: JobLeases) -> Run:
    run, _ = await leases.take()
    assert run is not None
    return run


async def finish(opened: Container, leases: JobLeases, run: Run) -> None:
    async with opened[Database].begin() as session:
        await leases.finish(session, run)


def count_runs(name: str, outcome: str) -> float:
    labels = {"name": name, "outcome": outcome}
    return REGISTRY.get_sample_value("job_runs_total", labels) or 0.0


async def test_a_run_whose_process_died_is_taken_over_when_its_lease_ends(
    shared: Clock, opened: Container, leases: JobLeases
) -> None:
    dead = await take(leases)
    shared.advance(job_leases.LEASE_SECONDS - 0.1)
    assert await leases.take() == (None, ())
    shared.advance(0.1)
    run, ended = await leases.take()
    assert ended == ("lost",)
    assert run == Run(job="tick", planned_at=dead.planned_at, attempt=2, token=dead.token + 1)
    assert await read_outcomes(opened, "tick") == [(1, "lost"), (2, "running")]


async def test_a_run_that_kills_its_process_is_given_up_after_its_attempts(
    shared: Clock, opened: Container
) -> None:
    leases = make_leases(opened, attempts=2)
    for _ in range(2):
        await take(leases)
        shared.advance(job_leases.LEASE_SECONDS)
    assert await leases.take() == (None, ("lost", "failed"))
    assert await leases.take() == (None, ())
    shared.advance(3600)
    assert (await take(leases)).attempt == 1
    assert await read_outcomes(opened, "tick") == [(1, "lost"), (2, "lost"), (1, "running")]


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_run_that_was_taken_over_records_nothing(
    shared: Clock, opened: Container, leases: JobLeases, *, is_done: bool
) -> None:
    late = await take(leases)
    shared.advance(job_leases.LEASE_SECONDS)
    run = await take(leases)
    if is_done:
        await finish(opened, leases, run)
    before = await read_outcomes(opened, "tick")
    with pytest.raises(JobLeaseLostError):
        await finish(opened, leases, late)
    with pytest.raises(JobLeaseLostError):
        await leases.fail(late, RuntimeError())
    with pytest.raises(JobLeaseLostError):
        await leases.hand_back(late)
    with pytest.raises(JobLeaseLostError):
        await leases.renew(late)
    assert await read_outcomes(opened, "tick") == before


async def test_nothing_that_a_lost_run_changed_is_committed(
    shared: Clock, opened: Container
) -> None:
    async def write(run: Run, uow: UnitOfWork) -> None:
        if run.attempt == 1:
            shared.advance(job_leases.LEASE_SECONDS)
            await other.run_if_due()
        row = JobSchedule(name=f"by {run.attempt}", schedule="", next_run_at=shared())
        uow.session.add(row)

    runner, other = (make_runner(write, opened) for _ in range(2))
    lost = count_runs("write", "lost")
    await runner.run_if_due()
    async with opened[Database].begin(read_only=True) as session:
        names = (await session.scalars(select(JobSchedule.name))).all()
    assert sorted(names) == ["by 2", "write"]
    assert await read_outcomes(opened, "write") == [(1, "lost"), (2, "done")]
    assert count_runs("write", "lost") - lost == 1


async def test_a_lease_is_renewed_for_as_long_as_its_run_takes(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_leases, "LEASE_SECONDS", 3.0)
    ends = asyncio.Event()

    async def slow() -> None:
        await ends.wait()

    task = asyncio.create_task(make_runner(slow, opened, Every(0.01)).run_if_due())

    async def is_renewed() -> bool:
        runs = await read_runs(opened, "slow")
        until = (await read_row(opened, "slow")).lease_until if runs else None
        return until is not None and until > runs[0].started_at + timedelta(seconds=3.3)

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_renewed():  # noqa: ASYNC110 - nothing tells when a row changes
            await asyncio.sleep(0.01)
    await make_runner(slow, opened, Every(0.01)).run_if_due()
    ends.set()
    await task
    assert await read_outcomes(opened, "slow") == [(1, "done")]


async def steal(opened: Container, name: str) -> None:
    """Let another process have taken the job over."""
    stolen = update(JobSchedule).where(JobSchedule.name == name)
    async with opened[Database].begin() as session:
        await session.execute(stolen.values(token=JobSchedule.token + 1))


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_run_is_cancelled_as_soon_as_it_is_known_that_its_lease_is_lost(
    opened: Container, monkeypatch: pytest.MonkeyPatch, *, is_heard: bool
) -> None:
    monkeypatch.setattr(job_leases, "LEASE_SECONDS", 0.3)
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def stay() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            if is_heard:
                raise

    done = count_runs("stay", "done")
    task = asyncio.create_task(make_runner(stay, opened).run_if_due())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await begun.wait()
        await steal(opened, "stay")
        await task
    assert cancelled.is_set()
    assert await read_outcomes(opened, "stay") == [(1, "running")]
    assert count_runs("stay", "done") == done


async def test_a_run_that_is_stopped_is_handed_back_and_has_lost_no_attempt(
    opened: Container,
) -> None:
    begun = asyncio.Event()

    async def stay(run: Run) -> None:
        begun.set()
        if run.token == 1:
            await asyncio.Event().wait()

    task = asyncio.create_task(make_runner(stay, opened).run_if_due())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await make_runner(stay, opened).run_if_due()
    assert await read_outcomes(opened, "stay") == [(1, "handed back"), (1, "done")]


async def test_runs_that_fail_are_repeated_ever_later_and_not_for_ever(
    shared: Clock, opened: Container
) -> None:
    started: list[float] = []
    start = shared()

    async def fail() -> None:
        started.append((shared() - start).total_seconds())
        raise RuntimeError("a bug")

    runner = make_runner(fail, opened, Every(3600), attempts=4)
    for moment in (0, 4, 5, 24, 25, 104, 105, 424, 1000, 3599, 3600):
        shared.moment = start + timedelta(seconds=moment)
        await runner.run_if_due()
    assert started == [0, 5, 25, 105, 3600]
    outcomes = [outcome for _, outcome in await read_outcomes(opened, "fail")]
    assert outcomes == ["retried", "retried", "retried", "failed", "retried"]
    assert {run.error for run in await read_runs(opened, "fail")} == {"RuntimeError: a bug"}


async def test_a_failed_run_is_not_repeated_when_the_next_one_comes_first(
    shared: Clock, opened: Container
) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    runner = make_runner(fail, opened, Every(2))
    for _ in range(3):
        await runner.run_if_due()
        shared.advance(2)
    assert await read_outcomes(opened, "fail") == [(1, "failed")] * 3


async def test_the_last_runs_of_each_job_are_kept(
    shared: Clock, opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_leases, "HISTORY", 3)

    async def often() -> None:
        """Do nothing."""

    async def seldom() -> None:
        """Do nothing."""

    await make_runner(seldom, opened).run_if_due()
    for _ in range(6):
        await make_runner(often, opened).run_if_due()
        shared.advance(60)
    assert [run.token for run in await read_runs(opened, "often")] == [4, 5, 6]
    assert len(await read_runs(opened, "seldom")) == 1


async def test_leases_go_by_the_clock_of_the_database(clock: Clock, opened: Container) -> None:
    before = clock()
    clock.advance(3600)
    async with opened[Database].begin() as session:
        moment = await read_clock(session)
    is_file = opened[Database].engine.dialect.name == "sqlite"
    # A file is on one host, which has one clock.
    assert (moment == clock()) if is_file else abs(moment - before) < timedelta(seconds=600)


async def test_a_run_may_hold_every_connection_of_the_pool(
    core: CoreSettings, opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened.add(Database, Database(core.database, connections=1))
    opened.add(UnitOfWorkFactory, UnitOfWorkFactory(opened))
    is_file = database.engine.dialect.name == "sqlite"
    length = 0.3 if is_file else 3.0
    monkeypatch.setattr(job_leases, "LEASE_SECONDS", length)
    leases: list[datetime] = []

    async def is_beyond_its_first_lease() -> bool:
        if is_file:
            # What the run has written keeps the lease from being renewed, and from being taken.
            return now() > leases[0] + timedelta(seconds=length)
        async with database.unpooled.connect() as connection:
            until = (await connection.execute(select(JobSchedule.lease_until))).scalar_one()
        return until is not None and until > leases[0]

    async def write(uow: UnitOfWork) -> None:
        await uow.session.execute(update(JobRun).values(error="held"))
        rows = await uow.session.scalars(select(JobSchedule.lease_until))
        leases.extend(filter(None, rows))
        while not await is_beyond_its_first_lease():  # noqa: ASYNC110 - nothing tells of a row
            await asyncio.sleep(0.05)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await make_runner(write, opened).run_if_due()
    assert await read_outcomes(opened, "write") == [(1, "done")]
    await database.engine.dispose()
