"""What the routes ask for beside `app.web`: whatever the lifespan opened, found by its type."""

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Path, Request
from pydantic import BaseModel

from app.domain.events import GetTask, Task
from app.domain.settings import Settings
from app.services.requests import RequestClient
from app.utils import requests
from app.web.ids import NumberId

Reply = TypeVar("Reply", bound=BaseModel)


def opened(kind: type) -> Any:
    """Depend on what the lifespan opened under this type."""

    # Asynchronous: FastAPI calls others in a thread, which costs as much as all of its routing.
    async def get(request: Request) -> object:
        return request.state.opened[kind]

    return Depends(get)


ServiceSettings = Annotated[Settings, opened(Settings)]


class TaskService:
    """The service that stores tasks and computes them."""

    def __init__(self, client: RequestClient, *, seconds: float) -> None:
        """Ask it over the broker, and wait so long for each reply."""
        self._client = client
        self._seconds = seconds

    async def ask(self, request: requests.Request[Reply]) -> Reply:
        """Return its reply, or raise what it raised: `app.web.errors` knows the answers."""
        return await self._client.ask(request, seconds=self._seconds)


async def get_tasks(
    client: Annotated[RequestClient, opened(RequestClient)], settings: ServiceSettings
) -> TaskService:
    """Return the service, as patient as the settings say."""
    return TaskService(client, seconds=settings.reply_seconds)


Tasks = Annotated[TaskService, Depends(get_tasks)]
TaskNumber = Annotated[NumberId, Path(ge=1, lt=2**63, examples=[7])]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r'^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$',
        description="A random value, such as a UUID, in double quotes: the same request with the "
        "same key creates one task, which is answered again as it is then.",
        examples=['"0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b"'],
    ),
]


async def read_key(key: Key = None) -> str | None:
    """Return the key of a request, which is the same with its quotes and without them."""
    return key and key.strip('"')


TaskKey = Annotated[str | None, Depends(read_key)]


async def find_task(number: TaskNumber, tasks: Tasks) -> Task:
    """Return the task of the path; raises NotFoundError."""
    return await tasks.ask(GetTask(number=number))


FoundTask = Annotated[Task, Depends(find_task)]
