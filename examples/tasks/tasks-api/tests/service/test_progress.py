"""The progress of a task, as server-sent events."""

import json

import pytest
from httpx import AsyncClient

from app.core.errors import NotFoundError, UnavailableError
from app.domain.events import Status
from app.domain.settings import Settings
from tests.service.kit import Tasks, make_task


@pytest.fixture
def settings() -> Settings:
    return Settings(progress_seconds=0.05)


def read(text: str) -> list[tuple[str, float]]:
    """Return the name of each event, and how far the task was."""
    events = [dict(line.split(": ", 1) for line in part.split("\n")) for part in split(text)]
    return [(event["event"], json.loads(event["data"])["progress"]) for event in events]


def split(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part]


async def test_every_change_is_sent_once_and_the_end_is_the_last(
    client: AsyncClient, tasks: Tasks
) -> None:
    parts = (0.25, 0.25, 0.5)
    running = [make_task(status=Status.RUNNING, progress=part) for part in parts]
    tasks.answers = [*running, make_task(status=Status.FINISHED, progress=1.0)]
    answer = await client.get("/v1/tasks/7/progress")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert read(answer.text) == [("progress", 0.25), ("progress", 0.5), ("end", 1.0)]


async def test_whoever_watches_goes_on_while_the_other_service_restarts(
    client: AsyncClient, tasks: Tasks
) -> None:
    absent = UnavailableError("nobody is there")
    tasks.answers = [make_task(), absent, absent, make_task(status=Status.CANCELLED)]
    assert read((await client.get("/v1/tasks/7/progress")).text) == [("progress", 0), ("end", 0)]


async def test_a_task_that_has_ended_is_one_event(client: AsyncClient, tasks: Tasks) -> None:
    tasks.answers = [make_task(status=Status.FAILED, progress=0.5)]
    assert read((await client.get("/v1/tasks/7/progress")).text) == [("end", 0.5)]
    assert len(tasks.asked) == 1


async def test_there_is_no_progress_of_a_task_that_is_not_there(
    client: AsyncClient, tasks: Tasks
) -> None:
    tasks.answers = [NotFoundError("there is no task 7")]
    answer = await client.get("/v1/tasks/7/progress")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no task 7")
