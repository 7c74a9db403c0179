"""The business logic: what becomes of tasks when somebody asks."""

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.tracing import current_trace
from app.domain.events import Status
from app.domain.models import Task
from app.domain.parameters import check_parameters
from app.pagination import Order, Slice, read_page
from app.unit_of_work import UnitOfWork
from app.utils.clock import now

ORDERS = {order.name: order for order in Order.both(Task.number, Task.number)}
STARTED = {Status.QUEUED, Status.RUNNING}


class TaskNotFoundError(NotFoundError):
    """There is no task with this number."""


class TaskEndedError(ConflictError):
    """The task has ended, and stays as it is."""


class TaskBusyError(ConflictError):
    """Somebody else starts or cancels the task at this moment."""


async def create_task(
    uow: UnitOfWork, kind: str, parameters: dict[str, JsonValue], *, key: str | None = None
) -> Task:
    """Store a task under the next number; raises InvalidInputError.

    The task that was created before with the same key is returned as it is now.
    """
    task = Task(kind=kind, parameters=check_parameters(kind, parameters), key=key)
    if known := await find_created(uow, task):
        return known
    try:
        async with uow.session.begin_nested():
            uow.session.add(task)
    except IntegrityError:
        # The same request came twice at once, and the other one was faster.
        if known := await find_created(uow, task):
            return known
        raise
    return task


async def find_created(uow: UnitOfWork, task: Task) -> Task | None:
    """Return the task that was created with the same key, if there is one.

    Raises InvalidInputError when it is another task.
    """
    if task.key is None:
        return None
    known = await uow.session.scalar(select(Task).filter_by(key=task.key))
    if known and (known.kind, known.parameters) != (task.kind, task.parameters):
        message = "the Idempotency-Key came before with another task: take a new one"
        raise InvalidInputError(message, field="header.Idempotency-Key")
    return known


async def get_task(uow: UnitOfWork, number: int, *, for_change: bool = False) -> Task:
    """Return a task; raises TaskNotFoundError."""
    task = await uow.session.get(Task, number, with_for_update=for_change)
    if task is None:
        raise TaskNotFoundError(f"there is no task {number}")
    return task


async def lock_task(uow: UnitOfWork, task: Task) -> None:
    """Read a task again, and keep others from changing it; raises TaskBusyError if they do."""
    rows = select(Task).filter_by(number=task.number).with_for_update(skip_locked=True)
    if await uow.session.scalar(rows.execution_options(populate_existing=True)) is None:
        message = f"task {task.number} is being started or cancelled at this moment: ask again"
        raise TaskBusyError(message)


async def list_tasks(
    uow: UnitOfWork,
    *,
    status: Status | None,
    sort: str,
    limit: int,
    cursor: str | None,
    offset: int,
) -> Slice[Task]:
    """Return a page of the tasks; `sort` is one of ORDERS. Raises InvalidInputError."""
    tasks = select(Task)
    if status is not None:
        tasks = tasks.where(Task.status == status)
    order = ORDERS[sort]
    return await read_page(uow.session, tasks, order, limit=limit, cursor=cursor, offset=offset)


async def start_task(uow: UnitOfWork, number: int) -> Task:
    """Let a task be run by whoever is free; one that was started before is run once.

    Waits for nobody. Raises TaskNotFoundError, TaskEndedError and TaskBusyError.
    """
    task = await get_task(uow, number)
    if task.status == Status.CREATED:
        await lock_task(uow, task)
    if task.status in STARTED:
        return task
    if task.status != Status.CREATED:
        raise TaskEndedError(f"task {number} has {describe_end(task)}: create another one")
    trace = current_trace()
    task.status, task.queued_at, task.due_at = Status.QUEUED, now(), now()
    task.traceparent = trace.traceparent if trace else None
    return task


async def cancel_task(uow: UnitOfWork, number: int) -> Task:
    """Stop a task for good, whether it runs or not; raises TaskNotFoundError and TaskEndedError."""
    task = await get_task(uow, number, for_change=True)
    if task.status in {Status.FINISHED, Status.FAILED}:
        raise TaskEndedError(f"task {number} has {describe_end(task)}: there is nothing to cancel")
    if task.status != Status.CANCELLED:
        task.status, task.ended_at, task.due_at = Status.CANCELLED, now(), None
    return task


def describe_end(task: Task) -> str:
    """Return how a task has ended, as a sentence goes on after `has`."""
    return "been cancelled" if task.status == Status.CANCELLED else task.status
