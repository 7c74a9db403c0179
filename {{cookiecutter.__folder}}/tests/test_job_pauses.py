"""What a pause leaves alone: the run that has begun, and the one that is asked for."""

import asyncio

import pytest

from app.database import Database
from app.services.job_figures import pause, request_run, resume
from app.services.job_leases import JobLeases, ensure_row
from app.utils.container import Container
from app.utils.schedules import Every
from tests.job_kit import make_runner, read_outcomes, share_clock
from tests.kit.clock import Clock

DAY = 24 * 3600


@pytest.fixture
def clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return share_clock(clock, monkeypatch)


async def tick() -> None:
    """Do nothing."""


@pytest.mark.parametrize("resumes", [True, False])
async def test_a_run_that_failed_has_its_other_attempts_in_a_pause_and_after_it(
    clock: Clock, opened: Container, resumes: bool
) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    runner = make_runner(fail, opened, Every(DAY), attempts=2)
    await runner.run_if_due()
    async with opened[Database].begin() as session:
        await pause(session, "fail")
    if resumes:
        async with opened[Database].begin() as session:
            await resume(session, runner.job)
    for _ in range(2):
        clock.advance(60)
        await runner.run_if_due()
    assert await read_outcomes(opened, "fail") == [(1, "retried"), (2, "failed")]


async def test_a_run_of_a_paused_job_that_is_handed_back_is_begun_again(
    clock: Clock, opened: Container
) -> None:
    begun = asyncio.Event()

    async def hang_once() -> None:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()

    runner = make_runner(hang_once, opened)
    await ensure_row(opened[Database], runner.job)
    async with opened[Database].begin() as session:
        await pause(session, "hang_once")
        await request_run(session, "hang_once")
    task = asyncio.create_task(runner.run_if_due())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    for _ in range(2):
        await runner.run_if_due()
        clock.advance(DAY)
    assert await read_outcomes(opened, "hang_once") == [(1, "handed back"), (1, "done")]


async def test_a_run_whose_process_dies_in_a_pause_is_taken_over(
    clock: Clock, opened: Container
) -> None:
    runner = make_runner(tick, opened)
    await JobLeases(opened[Database], runner.job).take()
    async with opened[Database].begin() as session:
        await pause(session, "tick")
    clock.advance(31)
    await runner.run_if_due()
    assert await read_outcomes(opened, "tick") == [(1, "lost"), (2, "done")]
