"""What others ask of this service, and what they are told: the contract of tasks."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from app.utils.base_model import Model, UtcDatetime
from app.utils.requests import Request

Number = Annotated[int, Field(ge=1, lt=2**63)]
"""What a task is known by: the first one is 1, and a later one is greater."""


class Status(StrEnum):
    """How far a task is; the last three are for good."""

    CREATED = "created"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskSummary(Model):
    """A task in a list."""

    number: int
    kind: str
    status: Status
    progress: float
    """Which part of it is done, from 0 to 1."""
    attempts: int
    result: dict[str, JsonValue] | None
    error: str | None
    """Why it failed, or its last attempt did."""
    created_at: UtcDatetime
    queued_at: UtcDatetime | None
    """When it was to be started."""
    began_at: UtcDatetime | None
    """When its last attempt began."""
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
    """The JSON Schema of its parameters."""


class Computations(Model):
    """All kinds of tasks."""

    items: list[Computation]


class CreateTask(Request[Task], topic="task.create"):
    """Store a task; it waits until it is started."""

    kind: Annotated[str, Field(max_length=50)]
    parameters: dict[str, JsonValue]
    key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The same request with the same key is the same task, however often it comes."""


class StartTask(Request[Task], topic="task.start"):
    """Have a task computed soon."""

    number: Number


class CancelTask(Request[Task], topic="task.cancel"):
    """Stop a task for good."""

    number: Number


class GetTask(Request[Task], topic="task.get"):
    """Ask for a task."""

    number: Number


class ListTasks(Request[TaskPage], topic="task.list"):
    """Ask for tasks, oldest or newest first."""

    status: Status | None = None
    sort: Literal["number", "-number"] = "-number"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    offset: Annotated[int, Field(ge=0, le=1000)] = 0


class ListComputations(Request[Computations], topic="task.kinds"):
    """Ask what tasks can compute."""
