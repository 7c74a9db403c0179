"""Workers of the sample system Tasks die, fall silent and are stopped while a task runs."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.processes import Process, wait_for
from tests.tasks_system import LONG, Tasks, is_alive, kill, list_children

pytestmark = [pytest.mark.slow, pytest.mark.servers]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def worker(tasks: Tasks, stack: ExitStack) -> Process:
    """A worker at work."""
    return tasks.begin_worker(stack)


def test_a_task_survives_its_worker_and_never_runs_twice_at_once(
    tasks: Tasks, worker: Process, stack: ExitStack
) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    tasks.wait_for(number, status="running")
    [computing] = wait_for(lambda: list_children(worker.pid), "its process")
    kill(worker)
    wait_for(lambda: not is_alive(computing), "the end of its process")
    assert tasks.execute(f"SELECT attempts FROM tasks WHERE number = {number}") == "[[1]]"
    tasks.begin_worker(stack, "second")
    task = tasks.wait_for(number, attempts=2, status="running")
    assert task["result"] is None
    tasks.ask("POST", f"/tasks/{number}/cancel")


def test_a_worker_that_falls_silent_has_lost_its_task(
    tasks: Tasks, worker: Process, stack: ExitStack
) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    tasks.wait_for(number, status="running")
    [computing] = wait_for(lambda: list_children(worker.pid), "its process")
    os.kill(worker.pid, signal.SIGSTOP)
    tasks.begin_worker(stack, "second")

    def look() -> bool:
        return bool(tasks.read_log("second", "task begun"))

    wait_for(look, "the second attempt")
    assert not is_alive(computing)
    os.kill(worker.pid, signal.SIGCONT)
    wait_for(
        lambda: (
            [line["outcome"] for line in tasks.read_log("worker", "task ended")] == ["lost"]
            or tasks.read_log("worker", "task taken away")
        ),
        "the first worker's insight",
    )
    task = tasks.find(number)
    assert (task["status"], task["attempts"]) == ("running", 2)
    tasks.ask("POST", f"/tasks/{number}/cancel")


def test_a_worker_that_is_stopped_gives_its_tasks_back(
    tasks: Tasks, worker: Process, stack: ExitStack
) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    tasks.wait_for(number, status="running")
    assert worker.stop() == 0, worker.output
    row = f"SELECT status, attempts FROM tasks WHERE number = {number}"
    assert tasks.execute(row) == "[['queued', 0]]"
    tasks.begin_worker(stack, "second")
    assert tasks.wait_for(number, status="running")["attempts"] == 1
    tasks.ask("POST", f"/tasks/{number}/cancel")
