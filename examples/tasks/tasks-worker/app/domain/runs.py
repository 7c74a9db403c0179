"""Runs: who computes a task, for how long nobody else may, and what is recorded of it.

Whoever takes a task has it until a moment, which it moves on for as long as it lives. Nobody who
has lost a task can record anything of it: the token says who has it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.domain.events import Status
from app.domain.models import Task
from app.domain.settings import Settings
from app.unit_of_work import UnitOfWork
from app.utils.clock import now


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt to compute a task."""

    number: int
    token: int
    kind: str
    parameters: dict[str, Any]
    attempt: int
    traceparent: str | None


async def take_runs(uow: UnitOfWork, settings: Settings, *, count: int) -> list[Run]:
    """Take at most so many tasks that are due, those that have waited longest first."""
    moment = now()
    due = select(Task).where(Task.due_at <= moment).order_by(Task.due_at, Task.number).limit(count)
    tasks = (await uow.session.scalars(due.with_for_update(skip_locked=True))).all()
    runs = []
    for task in tasks:
        if task.attempts >= settings.task_attempts:
            task.status, task.ended_at, task.due_at = Status.FAILED, moment, None
            task.error = "the process that computed it died"
            continue
        task.status, task.began_at, task.progress = Status.RUNNING, moment, 0.0
        task.due_at = moment + timedelta(seconds=settings.task_lease_seconds)
        task.token += 1
        task.attempts += 1
        runs.append(make_run(task))
    return runs


def make_run(task: Task) -> Run:
    """Return the run of a task that has just been taken."""
    return Run(
        number=task.number,
        token=task.token,
        kind=task.kind,
        parameters=task.parameters,
        attempt=task.attempts,
        traceparent=task.traceparent,
    )


async def keep_run(uow: UnitOfWork, settings: Settings, run: Run, *, progress: float) -> bool:
    """Keep a task for longer, and tell how far it is; False when it is no longer ours."""
    until = now() + timedelta(seconds=settings.task_lease_seconds)
    return await record(uow, run, due_at=until, progress=progress)


async def finish_run(uow: UnitOfWork, run: Run, result: dict[str, Any]) -> bool:
    """Record a result; False when the task is no longer ours."""
    end = {"status": Status.FINISHED, "ended_at": now(), "due_at": None}
    return await record(uow, run, **end, result=result, progress=1.0, error=None)


async def fail_run(uow: UnitOfWork, settings: Settings, run: Run, error: str) -> bool:
    """Record a failure, after which it is tried again or not; False when it is not ours."""
    if run.attempt >= settings.task_attempts:
        end = {"status": Status.FAILED, "ended_at": now(), "due_at": None}
        return await record(uow, run, **end, error=error)
    pause = timedelta(seconds=settings.task_retry_seconds * 2 ** (run.attempt - 1))
    return await record(uow, run, status=Status.QUEUED, due_at=now() + pause, error=error)


async def return_run(uow: UnitOfWork, run: Run) -> bool:
    """Let somebody else take a task at once, as if it had not been begun."""
    again = {"status": Status.QUEUED, "due_at": now(), "attempts": run.attempt - 1}
    return await record(uow, run, **again, progress=0.0)


async def record(uow: UnitOfWork, run: Run, **values: Any) -> bool:
    """Change a task if whoever has the run still has the task; tell whether it was changed."""
    ours = (Task.number == run.number, Task.token == run.token, Task.status == Status.RUNNING)
    change = update(Task).where(*ours).values(**values).returning(Task.number)
    done = change.execution_options(synchronize_session=False)
    return await uow.session.scalar(done) is not None
