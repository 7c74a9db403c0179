"""What others ask of this service, and what they are told."""

import asyncio
from typing import Any

import pytest

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.domain import runs, service
from app.domain.events import (
    CancelTask,
    CreateTask,
    GetTask,
    ListComputations,
    ListTasks,
    StartTask,
    Status,
    Task,
)
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from app.utils.requests import Request
from tests.kit.clock import Clock
from tests.kit.database import SERVER
from tests.kit.requests import Ask
from tests.service.kit import QUICK


class AskAnything(Request[Task], topic=GetTask.topic):
    """A question of somebody who did not read the contract."""

    number: Any


async def create(ask: Ask) -> Task:
    return await ask(CreateTask(kind="primes", parameters=QUICK))


async def end(opened: Container, settings: Settings, how: str) -> None:
    """Run what is due, and end it."""
    async with opened[UnitOfWorkFactory]() as uow:
        [run] = await runs.take_runs(uow, settings, count=1)
        if how == "finished":
            await runs.finish_run(uow, run, {"count": 168})
        else:
            await runs.fail_run(uow, settings, run, "a bug")


async def test_tasks_get_numbers_that_increase(ask: Ask) -> None:
    first, second = await create(ask), await create(ask)
    assert 0 < first.number < second.number
    assert (first.status, first.progress, first.attempts) == (Status.CREATED, 0, 0)
    assert first.parameters == QUICK


async def create_with_key(ask: Ask, key: str, **parameters: Any) -> Task:
    return await ask(CreateTask(kind="primes", parameters=parameters or QUICK, key=key))


async def test_the_same_request_with_the_same_key_is_the_same_task(ask: Ask) -> None:
    first = await create_with_key(ask, "a")
    await ask(StartTask(number=first.number))
    again = await create_with_key(ask, "a")
    assert (again.number, again.status) == (first.number, Status.QUEUED)
    assert (await create_with_key(ask, "A")).number != first.number
    assert (await create(ask)).number != (await create(ask)).number


async def test_the_same_request_that_comes_many_times_at_once_is_one_task(ask: Ask) -> None:
    tasks = await asyncio.gather(*(create_with_key(ask, "a") for _ in range(5)))
    assert len({task.number for task in tasks}) == 1
    assert len((await ask(ListTasks())).items) == 1


async def test_a_key_is_for_one_task(ask: Ask) -> None:
    await create_with_key(ask, "a")
    with pytest.raises(InvalidInputError, match="came before with another task"):
        await create_with_key(ask, "a", limit=7)
    assert len((await ask(ListTasks())).items) == 1


async def test_a_task_that_is_started_many_times_at_once_is_started(ask: Ask) -> None:
    task = await create(ask)
    starts = (ask(StartTask(number=task.number)) for _ in range(5))
    for each in await asyncio.gather(*starts, return_exceptions=True):
        assert isinstance(each, ConflictError | Task)
    assert (await ask(GetTask(number=task.number))).status == Status.QUEUED


@pytest.mark.skipif(SERVER is None, reason="SQLite has one writer at a time, which waits")
async def test_a_start_waits_for_nobody(opened: Container, ask: Ask) -> None:
    task = await create(ask)
    async with opened[UnitOfWorkFactory]() as uow:
        await service.start_task(uow, task.number)
        with pytest.raises(ConflictError, match="is being started or cancelled at this moment"):
            await ask(StartTask(number=task.number))
    assert (await ask(StartTask(number=task.number))).status == Status.QUEUED


async def test_a_task_that_is_started_waits_for_its_run(ask: Ask, clock: Clock) -> None:
    task = await create(ask)
    started = await ask(StartTask(number=task.number))
    assert (started.status, started.queued_at) == (Status.QUEUED, clock.moment)


async def test_a_task_that_is_started_twice_is_run_once(
    ask: Ask, opened: Container, settings: Settings, clock: Clock
) -> None:
    task = await create(ask)
    first = await ask(StartTask(number=task.number))
    clock.advance(1)
    assert await ask(StartTask(number=task.number)) == first
    async with opened[UnitOfWorkFactory]() as uow:
        assert len(await runs.take_runs(uow, settings, count=5)) == 1
    assert (await ask(StartTask(number=task.number))).status == Status.RUNNING


@pytest.mark.parametrize("how", ["finished", "failed"])
async def test_a_task_that_has_ended_can_be_neither_started_nor_cancelled(
    ask: Ask, opened: Container, how: str
) -> None:
    settings = Settings(task_attempts=1)
    task = await create(ask)
    await ask(StartTask(number=task.number))
    await end(opened, settings, how)
    with pytest.raises(ConflictError, match=f"task {task.number} has {how}: create another one"):
        await ask(StartTask(number=task.number))
    with pytest.raises(ConflictError, match=f"has {how}: there is nothing to cancel"):
        await ask(CancelTask(number=task.number))


async def test_a_cancelled_task_stays_so(ask: Ask, opened: Container, settings: Settings) -> None:
    task = await create(ask)
    await ask(StartTask(number=task.number))
    cancelled = await ask(CancelTask(number=task.number))
    assert cancelled.status == Status.CANCELLED
    assert cancelled.ended_at is not None
    assert await ask(CancelTask(number=task.number)) == cancelled
    with pytest.raises(ConflictError, match="has been cancelled: create another one"):
        await ask(StartTask(number=task.number))
    async with opened[UnitOfWorkFactory]() as uow:
        assert await runs.take_runs(uow, settings, count=5) == []


@pytest.mark.parametrize("request_of", [GetTask, StartTask, CancelTask])
async def test_a_number_that_nobody_has_is_not_found(
    ask: Ask, request_of: type[GetTask | StartTask | CancelTask]
) -> None:
    with pytest.raises(NotFoundError, match="there is no task 7"):
        await ask(request_of(number=7))


@pytest.mark.parametrize("number", [0, -1, 2**63, "abc", 1.5, None])
async def test_a_number_of_another_form_is_refused(ask: Ask, number: object) -> None:
    with pytest.raises(InvalidInputError, match="number: "):
        await ask(AskAnything(number=number))


async def test_wrong_parameters_are_told_and_nothing_is_stored(ask: Ask) -> None:
    with pytest.raises(InvalidInputError, match=r"^parameters\.limit: Input should be a valid"):
        await ask(CreateTask(kind="primes", parameters={"limit": "many"}))
    with pytest.raises(InvalidInputError, match="kind: choose one of equations, "):
        await ask(CreateTask(kind="sums", parameters={}))
    assert (await ask(ListTasks())).items == []


async def test_all_tasks_are_listed_in_pages(ask: Ask) -> None:
    numbers = [(await create(ask)).number for _ in range(5)]
    first = await ask(ListTasks(limit=3))
    second = await ask(ListTasks(limit=3, cursor=first.next))
    listed = [task.number for task in (*first.items, *second.items)]
    assert listed == numbers[::-1]
    assert second.next is None
    oldest = await ask(ListTasks(sort="number", limit=2, offset=1))
    assert [task.number for task in oldest.items] == numbers[1:3]


async def test_tasks_of_one_status_are_listed(ask: Ask) -> None:
    one, other = await create(ask), await create(ask)
    await ask(CancelTask(number=one.number))
    for status, number in [(Status.CANCELLED, one.number), (Status.CREATED, other.number)]:
        assert [task.number for task in (await ask(ListTasks(status=status))).items] == [number]


async def test_a_cursor_that_is_none_is_refused(ask: Ask) -> None:
    with pytest.raises(InvalidInputError, match="the cursor is none of ours"):
        await ask(ListTasks(cursor="nonsense"))


async def test_what_can_be_computed_is_told_with_its_parameters(ask: Ask) -> None:
    kinds = {each.kind: each for each in (await ask(ListComputations())).items}
    assert kinds["primes"].purpose == "Count the primes up to a limit."
    assert kinds["primes"].parameters["properties"]["limit"]["minimum"] == 2
