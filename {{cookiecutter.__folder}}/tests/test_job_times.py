"""When jobs run: planned by schedules, whenever processes start and however long runs take."""

from datetime import datetime, timedelta

import pytest

from app.services import job_leases
from app.utils.container import Container
from app.utils.jobs import Misfire, Run
from app.utils.schedules import Cron, Every, Schedule
from tests.job_kit import make_runner, read_outcomes, read_row, read_runs, share_clock
from tests.kit.clock import Clock

HOUR = 3600


@pytest.fixture
def clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return share_clock(clock, monkeypatch)


async def tick() -> None:
    """Do nothing."""


async def list_planned(opened: Container, start: datetime) -> list[float]:
    """Return when the runs were planned, in seconds from the start."""
    runs = await read_runs(opened, "tick")
    return [(run.planned_at - start).total_seconds() for run in runs]


async def test_every_two_seconds_is_every_two_seconds_however_late_a_run_begins(
    clock: Clock, opened: Container
) -> None:
    start, runner = clock(), make_runner(tick, opened, Every(2))
    for late in (0.0, 0.7, 0.1, 1.9, 0.0):
        clock.advance(late)
        await runner.run_if_due()
        clock.advance(2 - late)
    assert await list_planned(opened, start) == [0, 2, 4, 6, 8]


async def test_a_daily_job_runs_daily_in_a_service_that_is_deployed_every_twenty_hours(
    clock: Clock, opened: Container
) -> None:
    start = clock()
    for hour in range(73):
        if hour % 20 == 0:
            runner = make_runner(tick, opened, Every(24 * HOUR))
        await runner.run_if_due()
        clock.advance(HOUR)
    assert await list_planned(opened, start) == [0, 24 * HOUR, 48 * HOUR, 72 * HOUR]


async def test_a_job_that_takes_longer_than_its_period_runs_on_one_replica_at_a_time(
    clock: Clock, opened: Container
) -> None:
    start = clock()
    running: list[str] = []

    async def slow(run: Run) -> None:
        running.append(f"begin {run.token}")
        clock.advance(25)
        for _ in range(2):
            await other.run_if_due()
        running.append(f"end {run.token}")

    runner, other = (make_runner(slow, opened, Every(10)) for _ in range(2))
    await runner.run_if_due()
    await runner.run_if_due()
    assert running == ["begin 1", "end 1", "begin 2", "end 2"]
    runs = await read_runs(opened, "slow")
    assert [(run.planned_at - start).total_seconds() for run in runs] == [0, 10]
    # The second one began after 25 seconds, and the next keeps the rhythm of the first one.
    assert (await read_row(opened, "slow")).next_run_at == start + timedelta(seconds=30)


async def test_runs_that_were_missed_are_one_run_at_once(clock: Clock, opened: Container) -> None:
    start = clock()
    await make_runner(tick, opened).run_if_due()
    clock.advance(60 * 60 + 7)
    runner = make_runner(tick, opened)
    for _ in range(3):
        await runner.run_if_due()
    assert await list_planned(opened, start) == [0, 60]
    assert (await read_row(opened, "tick")).next_run_at == start + timedelta(seconds=61 * 60)


async def test_a_job_that_skips_leaves_out_what_it_would_begin_too_late(
    clock: Clock, opened: Container
) -> None:
    runner = make_runner(tick, opened, misfire=Misfire.SKIP, misfire_seconds=30)
    await runner.run_if_due()
    clock.advance(60 + 31)
    await runner.run_if_due()
    await runner.run_if_due()
    assert await read_outcomes(opened, "tick") == [(1, "done"), (1, "missed")]
    clock.advance(29)
    await runner.run_if_due()
    assert (await read_outcomes(opened, "tick"))[2:] == [(1, "done")]


async def test_runs_that_are_left_out_fill_the_history_no_further_than_others(
    clock: Clock, opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_leases, "HISTORY", 3)
    runner = make_runner(tick, opened, misfire=Misfire.SKIP, misfire_seconds=30)
    await runner.run_if_due()
    for _ in range(5):
        clock.advance(60 + 31)
        await runner.run_if_due()
    assert await read_outcomes(opened, "tick") == [(1, "missed")] * 3


async def test_a_run_that_is_late_but_not_too_late_is_made(clock: Clock, opened: Container) -> None:
    runner = make_runner(tick, opened, misfire=Misfire.SKIP, misfire_seconds=30)
    await runner.run_if_due()
    clock.advance(60 + 30)
    await runner.run_if_due()
    assert await read_outcomes(opened, "tick") == [(1, "done"), (1, "done")]


async def test_a_new_cron_job_waits_for_its_moment(clock: Clock, opened: Container) -> None:
    clock.moment = datetime.fromisoformat("2026-10-25T00:10:00+02:00")
    runner = make_runner(tick, opened, Cron("30 2 * * *", "Europe/Berlin"))
    await runner.run_if_due()
    assert await read_outcomes(opened, "tick") == []
    for _ in range(30):
        clock.advance(HOUR)
        await runner.run_if_due()
    # In the first of two equal hours, and on the day after.
    assert len(await read_runs(opened, "tick")) == 2


@pytest.mark.parametrize(
    ("old", "new", "seconds"),
    [
        (Every(60), Every(600), 60),
        (Every(600), Every(60), 60),
        (Every(600), Cron("* * * * *"), 60),
        (Cron("0 3 1 1 *"), Every(60), 60),
    ],
    ids=str,
)
async def test_a_schedule_that_changed_is_planned_anew(
    clock: Clock, opened: Container, old: Schedule, new: Schedule, seconds: float
) -> None:
    clock.moment = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    await make_runner(tick, opened, old).run_if_due()
    runner = make_runner(tick, opened, new)
    await runner.run_if_due()
    row = await read_row(opened, "tick")
    assert row.schedule == str(new)
    assert (row.next_run_at - clock()).total_seconds() == seconds


async def test_what_was_due_by_the_old_schedule_still_runs(clock: Clock, opened: Container) -> None:
    start = clock()
    await make_runner(tick, opened).run_if_due()
    clock.advance(60)
    await make_runner(tick, opened, Cron("0 3 * * *")).run_if_due()
    assert await list_planned(opened, start) == [0, 60]
