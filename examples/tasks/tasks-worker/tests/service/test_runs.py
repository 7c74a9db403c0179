"""Who has a task, for how long, and who may record what became of it."""

import pytest

from app.domain import runs
from app.domain.events import Status
from app.domain.runs import Run
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from tests.kit.clock import Clock
from tests.service.kit import find, start


@pytest.fixture
def settings() -> Settings:
    return Settings(task_lease_seconds=10, task_attempts=3, task_retry_seconds=2)


async def take(opened: Container, settings: Settings, count: int = 5) -> list[Run]:
    async with opened[UnitOfWorkFactory]() as uow:
        return await runs.take_runs(uow, settings, count=count)


async def test_a_task_that_is_due_is_taken_once(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    [run] = await take(opened, settings)
    assert (run.number, run.kind, run.attempt) == (number, "primes", 1)
    assert await take(opened, settings) == []
    task = await find(opened, number)
    assert (task.status, task.attempts, task.began_at) == (Status.RUNNING, 1, clock.moment)


async def test_no_more_are_taken_than_wanted_and_the_oldest_first(
    opened: Container, settings: Settings
) -> None:
    numbers = [await start(opened) for _ in range(3)]
    assert [run.number for run in await take(opened, settings, 2)] == numbers[:2]


async def test_whoever_keeps_a_task_has_it(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    [run] = await take(opened, settings)
    for part in (0.25, 0.5):
        clock.advance(9)
        async with opened[UnitOfWorkFactory]() as uow:
            assert await runs.keep_run(uow, settings, run, progress=part)
        assert (await find(opened, number)).progress == part
        assert await take(opened, settings) == []


async def test_a_task_whose_holder_is_silent_goes_to_another_and_only_that_one_is_heard(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    [lost] = await take(opened, settings)
    clock.advance(10)
    [run] = await take(opened, settings)
    assert (run.number, run.attempt) == (number, 2)
    async with opened[UnitOfWorkFactory]() as uow:
        assert not await runs.keep_run(uow, settings, lost, progress=0.9)
        assert not await runs.finish_run(uow, lost, {"count": 1})
        assert not await runs.fail_run(uow, settings, lost, "a bug")
        assert not await runs.return_run(uow, lost)
        assert await runs.finish_run(uow, run, {"count": 168})
        assert not await runs.finish_run(uow, run, {"count": 2})
    task = await find(opened, number)
    assert (task.status, task.result, task.progress) == (Status.FINISHED, {"count": 168}, 1)
    assert task.ended_at == clock.moment


async def test_a_task_that_fails_is_tried_again_later_and_in_the_end_has_failed(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    for attempt, pause in [(1, 2), (2, 4)]:
        [run] = await take(opened, settings)
        async with opened[UnitOfWorkFactory]() as uow:
            await runs.fail_run(uow, settings, run, f"bug {attempt}")
        task = await find(opened, number)
        assert (task.status, task.error, task.attempts) == (
            Status.QUEUED,
            f"bug {attempt}",
            attempt,
        )
        clock.advance(pause - 0.1)
        assert await take(opened, settings) == []
        clock.advance(0.1)
    [run] = await take(opened, settings)
    async with opened[UnitOfWorkFactory]() as uow:
        await runs.fail_run(uow, settings, run, "bug 3")
    task = await find(opened, number)
    assert (task.status, task.error, task.attempts) == (Status.FAILED, "bug 3", 3)
    clock.advance(1000)
    assert await take(opened, settings) == []


async def test_a_success_after_a_failure_leaves_no_error(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    [run] = await take(opened, settings)
    async with opened[UnitOfWorkFactory]() as uow:
        await runs.fail_run(uow, settings, run, "a bug")
    clock.advance(2)
    [run] = await take(opened, settings)
    async with opened[UnitOfWorkFactory]() as uow:
        await runs.finish_run(uow, run, {"count": 168})
    assert (await find(opened, number)).error is None


async def test_a_task_that_kills_whoever_runs_it_has_failed_in_the_end(
    opened: Container, settings: Settings, clock: Clock
) -> None:
    number = await start(opened)
    for _ in range(3):
        assert len(await take(opened, settings)) == 1
        clock.advance(10)
    assert await take(opened, settings) == []
    task = await find(opened, number)
    assert (task.status, task.error) == (Status.FAILED, "the process that computed it died")


async def test_a_task_that_is_given_back_costs_no_attempt(
    opened: Container, settings: Settings
) -> None:
    number = await start(opened)
    [run] = await take(opened, settings)
    async with opened[UnitOfWorkFactory]() as uow:
        assert await runs.return_run(uow, run)
    assert (await find(opened, number)).attempts == 0
    [again] = await take(opened, settings)
    assert (again.attempt, again.token) == (1, run.token + 1)
