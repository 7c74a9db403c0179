"""The runner: what is started is computed, kept, ended and given back."""

import asyncio

import pytest

from app.domain import runs, service
from app.domain.events import StartTask, Status
from app.domain.settings import Settings
from app.lifespan import run_tasks
from app.resources import Resources
from app.tasks.runner import Runner
from app.unit_of_work import UnitOfWorkFactory
from app.utils.background import run_in_background
from app.utils.container import Container
from tests.kit.requests import Ask
from tests.service.kit import LONG, find, start, wait_for, wait_for_status


@pytest.fixture
def settings() -> Settings:
    return Settings(task_processes=2, task_lease_seconds=3, task_attempts=2, task_retry_seconds=0)


def make_runner(opened: Container, settings: Settings) -> Runner:
    return Runner(opened[UnitOfWorkFactory], opened[Resources], settings)


async def test_a_task_runs_with_the_worker_and_has_its_result(opened: Container) -> None:
    async with run_tasks(opened):
        number = await start(opened)
        task = await wait_for_status(opened, number, Status.FINISHED)
    assert task.result == {"count": 168, "largest": 997}
    assert (task.progress, task.attempts) == (1, 1)
    assert None not in (task.queued_at, task.began_at, task.ended_at)


async def test_a_start_is_heard_at_once(
    opened: Container, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tasks.runner.LOOK_SECONDS", 3600)
    async with opened[UnitOfWorkFactory]() as uow:
        task = await service.create_task(uow, "queens", {"size": 4})
    async with run_in_background(make_runner(opened, settings).run()):
        await asyncio.sleep(0.1)
        await ask(StartTask(number=task.number))
        await wait_for_status(opened, task.number, Status.FINISHED)


async def test_many_run_at_a_time_and_no_more_than_there_are_processes(
    opened: Container, settings: Settings
) -> None:
    numbers = [await start(opened, **LONG) for _ in range(3)]
    async with run_in_background(make_runner(opened, settings).run()):
        for number in numbers[:2]:
            await wait_for_status(opened, number, Status.RUNNING)
        assert (await find(opened, numbers[2])).status == Status.QUEUED
        async with opened[UnitOfWorkFactory]() as uow:
            await service.cancel_task(uow, numbers[0])
        await wait_for_status(opened, numbers[2], Status.RUNNING)


async def test_progress_is_recorded(
    opened: Container, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tasks.runner.LOOK_SECONDS", 0.05)
    number = await start(opened, **LONG)

    async def look() -> bool:
        return 0 < (await find(opened, number)).progress < 1

    async with run_in_background(make_runner(opened, settings).run()):
        await wait_for(look)


async def test_a_task_that_fails_is_tried_again_and_then_has_failed(
    opened: Container, settings: Settings
) -> None:
    number = await start(opened, "equations", coefficients=[[0.0]], constants=[1.0])
    async with run_in_background(make_runner(opened, settings).run()):
        task = await wait_for_status(opened, number, Status.FAILED)
    assert (task.attempts, task.error) == (2, "ValueError: the equations have no single solution")
    assert task.result is None


async def test_a_task_that_takes_too_long_has_failed(opened: Container) -> None:
    settings = Settings(task_attempts=1, task_seconds=0.2)
    number = await start(opened, **LONG)
    async with run_in_background(make_runner(opened, settings).run()):
        task = await wait_for_status(opened, number, Status.FAILED)
    assert task.error == "it took longer than 0.2 s"


async def test_what_is_not_finished_at_the_end_is_given_back(
    opened: Container, settings: Settings
) -> None:
    number = await start(opened, **LONG)
    async with run_in_background(make_runner(opened, settings).run()):
        await wait_for_status(opened, number, Status.RUNNING)
    task = await find(opened, number)
    assert (task.status, task.attempts) == (Status.QUEUED, 0)
    async with opened[UnitOfWorkFactory]() as uow:
        assert len(await runs.take_runs(uow, settings, count=1)) == 1
