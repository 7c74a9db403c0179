"""The routes of this service, version 1: each asks the service that computes."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query, Response, status
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api import progress
from app.api.dependencies import FoundTask, ServiceSettings, TaskKey, TaskNumber, Tasks
from app.api.exceptions import problems
from app.api.schemas import ComputationsView, TaskCreate, TaskQuery, TaskSummaryView, TaskView
from app.domain.events import (
    CancelTask,
    Computations,
    CreateTask,
    ListComputations,
    ListTasks,
    StartTask,
    Task,
    TaskPage,
)
from app.web.pages import Page
from app.web.routing import Router

router = Router(prefix="/v1", responses=problems(502))


@router.get("/computations", response_model=ComputationsView, summary="What can be computed?")
async def list_computations(tasks: Tasks) -> Computations:
    """Return the kinds of tasks, and what each can be told."""
    return await tasks.ask(ListComputations())


@router.post(
    "/tasks",
    response_model=TaskView,
    status_code=status.HTTP_201_CREATED,
    summary="Create a task",
)
async def create_task(body: TaskCreate, tasks: Tasks, key: TaskKey, response: Response) -> Task:
    """Store a task under a number of its own; it waits until it is started."""
    task = await tasks.ask(CreateTask(kind=body.kind, parameters=body.parameters, key=key))
    response.headers["Location"] = locate(task)
    return task


@router.get("/tasks", response_model=Page[TaskSummaryView], summary="List tasks")
async def list_tasks(query: Annotated[TaskQuery, Query()], tasks: Tasks) -> TaskPage:
    """Return a page of the tasks with their status and result, newest first unless asked."""
    return await tasks.ask(ListTasks(**query.model_dump()))


@router.get(
    "/tasks/{number}", response_model=TaskView, summary="Read a task", responses=problems(404)
)
async def get_task(task: FoundTask) -> Task:
    """Return the task with its status and result."""
    return task


@router.post(
    "/tasks/{number}/start",
    response_model=TaskView,
    status_code=status.HTTP_202_ACCEPTED,
    summary="Start a task",
    responses=problems(404, 409),
)
async def start_task(number: TaskNumber, tasks: Tasks, response: Response) -> Task:
    """Have the task computed soon, without waiting for it; started twice, it runs once."""
    task = await tasks.ask(StartTask(number=number))
    response.headers["Location"] = locate(task)
    return task


@router.post(
    "/tasks/{number}/cancel",
    response_model=TaskView,
    summary="Cancel a task",
    responses=problems(404, 409),
)
async def cancel_task(number: TaskNumber, tasks: Tasks) -> Task:
    """Stop the task for good, whether it is running or not."""
    return await tasks.ask(CancelTask(number=number))


@router.get(
    "/tasks/{number}/progress",
    response_class=EventSourceResponse,
    summary="Watch a task",
    responses=problems(404),
)
async def watch_task(
    task: FoundTask, tasks: Tasks, settings: ServiceSettings
) -> AsyncIterator[ServerSentEvent]:
    """Send the task whenever it has changed; the event `end` is the last one."""
    async for event in progress.watch(task, tasks, pause=settings.progress_seconds):
        yield event


def locate(task: Task) -> str:
    """Return the path of a task."""
    return f"/v1/tasks/{task.number}"
