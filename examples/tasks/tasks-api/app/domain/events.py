"""What this service asks the one that computes, and what it is told."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import JsonValue

from app.utils.base_model import Model, UtcDatetime
from app.utils.requests import Request


class Status(StrEnum):
    """How far a task is; the last three are for good."""

    CREATED = "created"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether the task stays as it is."""
        return self in {Status.FINISHED, Status.FAILED, Status.CANCELLED}


class TaskSummary(Model):
    """A task in a list."""

    number: int
    kind: str
    status: Status
    progress: float
    attempts: int
    result: dict[str, JsonValue] | None
    error: str | None
    created_at: UtcDatetime
    queued_at: UtcDatetime | None
    began_at: UtcDatetime | None
    ended_at: UtcDatetime | None


class Task(TaskSummary):
    """A task."""

    parameters: dict[str, JsonValue]


class TaskPage(Model):
    """Some tasks, and the cursor of those after them."""

    items: list[TaskSummary]
    next: str | None


class Computation(Model):
    """A kind of task."""

    kind: str
    purpose: str
    parameters: dict[str, Any]


class Computations(Model):
    """All kinds of tasks."""

    items: list[Computation]


class CreateTask(Request[Task], topic="task.create"):
    """Store a task; it waits until it is started."""

    kind: str
    parameters: dict[str, JsonValue]
    key: str | None = None


class StartTask(Request[Task], topic="task.start"):
    """Have a task computed soon."""

    number: int


class CancelTask(Request[Task], topic="task.cancel"):
    """Stop a task for good."""

    number: int


class GetTask(Request[Task], topic="task.get"):
    """Ask for a task."""

    number: int


class ListTasks(Request[TaskPage], topic="task.list"):
    """Ask for tasks, oldest or newest first."""

    status: Status | None
    sort: Literal["number", "-number"]
    limit: int
    cursor: str | None
    offset: int


class ListComputations(Request[Computations], topic="task.kinds"):
    """Ask what tasks can compute."""
