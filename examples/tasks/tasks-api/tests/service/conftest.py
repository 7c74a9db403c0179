"""The service that computes, for every test."""

import pytest

from app.domain.events import (
    CancelTask,
    CreateTask,
    GetTask,
    ListComputations,
    ListTasks,
    StartTask,
)
from tests.kit.requests import StandIn
from tests.service.kit import Tasks


@pytest.fixture
async def tasks(stand_in: StandIn) -> Tasks:
    """The other service."""
    tasks = Tasks()
    for request in (CancelTask, CreateTask, GetTask, ListComputations, ListTasks, StartTask):
        await stand_in(request, tasks.answer)
    return tasks
