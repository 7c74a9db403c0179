"""The progress of a task, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

from fastapi.sse import ServerSentEvent

from app.api.dependencies import TaskService
from app.api.schemas import TaskView
from app.core.errors import UnavailableError
from app.domain.events import GetTask, Task
from app.utils.requests import RemoteError, ReplyTimeoutError

# The other service may be restarting: whoever watches goes on watching.
PASSING = (RemoteError, ReplyTimeoutError, UnavailableError)


async def watch(task: Task, tasks: TaskService, *, pause: float) -> AsyncIterator[ServerSentEvent]:
    """Yield the task now, and whenever it has changed, until it has ended."""
    yield describe(task)
    while not task.status.is_final:
        await asyncio.sleep(pause)
        before = task
        try:
            task = await tasks.ask(GetTask(number=task.number))
        except PASSING:
            continue
        if task != before:
            yield describe(task)


def describe(task: Task) -> ServerSentEvent:
    """Return the event that tells of a task."""
    name = "end" if task.status.is_final else "progress"
    return ServerSentEvent(event=name, data=TaskView.model_validate(task))
