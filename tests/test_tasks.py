"""The sample system Tasks on RabbitMQ and on Kafka: only the URL of the broker differs."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import Answer
from tests.peering import PROGRAMS, make_environment
from tests.processes import Process, wait_for
from tests.programs import check
from tests.tasks_system import (
    ANSWER,
    LONG,
    PRIMES,
    Tasks,
    is_alive,
    list_children,
)
from tests.tasks_watching import watch

pytestmark = [pytest.mark.slow, pytest.mark.servers]


@pytest.fixture(scope="module")
def worker(tasks: Tasks) -> Iterator[Process]:
    """A worker at work, for all tests that do it no harm."""
    with ExitStack() as stack:
        yield tasks.begin_worker(stack, LOG_FILE=str(tasks.logs / "file.log"))


def test_without_a_worker_the_api_says_so(tasks: Tasks) -> None:
    answer = tasks.ask("GET", "/tasks")
    # Kafka keeps a request for whoever may come: nobody can tell that nobody is there.
    assert answer.status == (503 if tasks.broker == "rabbitmq" else 504)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("worker")
def test_a_task_is_created_started_and_read_with_its_result(tasks: Tasks) -> None:
    number = tasks.create()
    assert tasks.find(number)["status"] == "created"
    started = tasks.ask("POST", f"/tasks/{number}/start")
    assert (started.status, started.headers["location"]) == (202, f"/v1/tasks/{number}")
    task = tasks.wait_for_end(number)
    assert (task["status"], task["progress"], task["attempts"]) == ("finished", 1, 1)
    assert (task["result"], task["error"]) == (ANSWER, None)
    moments = [task[name] for name in ("created_at", "queued_at", "began_at", "ended_at")]
    assert moments == sorted(moments)


@pytest.mark.usefixtures("worker")
def test_a_task_is_watched_until_it_ends(tasks: Tasks) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    parts = []
    with watch(tasks.port, number) as events:
        for name, task in events:
            parts.append(task["progress"])
            if 0 < task["progress"] < 1:
                tasks.ask("POST", f"/tasks/{number}/cancel")
            if name == "end":
                assert task["status"] == "cancelled"
    assert parts == sorted(parts)


@pytest.mark.usefixtures("worker")
def test_a_task_that_is_started_twice_runs_once(tasks: Tasks) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    tasks.start(number)
    tasks.wait_for(number, status="running")
    tasks.start(number)
    assert tasks.find(number)["status"] == "running"
    tasks.ask("POST", f"/tasks/{number}/cancel")
    begun = [line["number"] for line in tasks.read_log("worker", "task begun")]
    assert begun.count(number) == 1


@pytest.mark.usefixtures("worker")
def test_a_task_that_is_started_by_many_at_once_is_started(tasks: Tasks) -> None:
    number = tasks.create()
    with ThreadPoolExecutor(8) as threads:
        path = f"/tasks/{number}/start"
        statuses = list(threads.map(lambda _: tasks.ask("POST", path).status, range(16)))
    assert set(statuses) <= {202, 409}
    assert 202 in statuses
    assert tasks.wait_for_end(number)["attempts"] == 1


@pytest.mark.usefixtures("worker")
def test_a_creation_that_comes_again_with_its_key_finds_its_task(tasks: Tasks) -> None:
    key = f'"{uuid4()}"'

    def create(_: int) -> Answer:
        return tasks.ask("POST", "/tasks", PRIMES, idempotency_key=key)

    with ThreadPoolExecutor(4) as threads:
        answers = [create(0), *threads.map(create, range(4))]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert tasks.ask("POST", "/tasks", LONG, idempotency_key=key).status == 422


@pytest.mark.usefixtures("worker")
def test_a_finished_task_cannot_be_started_again(tasks: Tasks) -> None:
    number = tasks.create()
    tasks.start(number)
    tasks.wait_for_end(number)
    refused = tasks.ask("POST", f"/tasks/{number}/start")
    assert refused.status == 409
    assert refused.json["detail"] == f"task {number} has finished: create another one"


@pytest.mark.usefixtures("worker")
def test_a_task_that_fails_is_tried_again_and_then_has_failed(tasks: Tasks) -> None:
    parameters = {"coefficients": [[1, 2], [2, 4]], "constants": [1, 2]}
    number = tasks.create({"kind": "equations", "parameters": parameters})
    tasks.start(number)
    task = tasks.wait_for_end(number)
    assert (task["status"], task["attempts"], task["result"]) == ("failed", 3, None)
    assert task["error"] == "ValueError: the equations have no single solution"
    assert tasks.ask("POST", f"/tasks/{number}/start").status == 409


def test_a_running_task_is_cancelled_and_its_process_ends(tasks: Tasks, worker: Process) -> None:
    number = tasks.create(LONG)
    tasks.start(number)
    tasks.wait_for(number, status="running")
    computing = wait_for(lambda: list_children(worker.pid), "its process")
    cancelled = tasks.ask("POST", f"/tasks/{number}/cancel")
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    wait_for(lambda: not any(map(is_alive, computing)), "the end of its process")
    assert tasks.ask("POST", f"/tasks/{number}/start").status == 409
    assert tasks.find(number)["status"] == "cancelled"


@pytest.mark.usefixtures("worker")
def test_all_tasks_are_listed_with_their_results(tasks: Tasks) -> None:
    numbers = [tasks.create() for _ in range(3)]
    for number in numbers:
        tasks.start(number)
    for number in numbers:
        tasks.wait_for_end(number)
    first = tasks.ask("GET", "/tasks?limit=2").json
    second = tasks.ask("GET", f"/tasks?limit=1&cursor={first['next']}").json
    listed = [*first["items"], *second["items"]]
    assert [task["number"] for task in listed] == numbers[::-1]
    assert [task["result"] for task in listed] == [ANSWER] * 3


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("question", "status"),
    [
        (("GET", "/tasks/999999"), 404),
        (("POST", "/tasks/999999/start"), 404),
        (("POST", "/tasks/999999/cancel"), 404),
        (("GET", "/tasks/999999/progress"), 404),
        (("GET", "/tasks/abc"), 422),
        (("POST", f"/tasks/{2**63}/start"), 422),
        (("GET", "/tasks?cursor=nonsense"), 422),
        (("POST", "/tasks", {"kind": "sums", "parameters": {}}), 422),
        (("POST", "/tasks", {"kind": "primes", "parameters": {"limit": "many"}}), 422),
        (("POST", "/tasks", {"kind": "primes", "parameters": {"limit": 10**30}}), 422),
        (("POST", "/tasks", {"kind": "words", "parameters": {"text": "x" * 200_000}}), 422),
        (("POST", "/tasks", {"kind": "words", "parameters": {"text": "x" * 2_000_000}}), 413),
    ],
)
def test_what_cannot_be_is_refused_as_a_problem(
    tasks: Tasks, question: tuple[Any, ...], status: int
) -> None:
    answer = tasks.ask(*question)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status


@pytest.mark.usefixtures("worker")
def test_many_tasks_are_shared_by_two_workers(tasks: Tasks) -> None:
    with ExitStack() as stack:
        tasks.begin_worker(stack, "second")
        numbers = [tasks.create() for _ in range(30)]
        for number in numbers:
            tasks.start(number)
        for number in numbers:
            assert tasks.wait_for_end(number)["result"] == ANSWER
        begun = [
            line["number"]
            for name in ("worker", "second")
            for line in tasks.read_log(name, "task begun")
        ]
        assert sorted(each for each in begun if each in numbers) == numbers


@pytest.mark.usefixtures("worker")
def test_what_a_worker_does_stands_in_its_log_file_in_the_trace_of_the_request(
    tasks: Tasks,
) -> None:
    number = tasks.create()
    tasks.start(number)
    tasks.wait_for_end(number)
    [begun] = [line for line in tasks.read_log("file", "task begun") if line["number"] == number]
    asked = [
        line["trace_id"]
        for line in tasks.read_log("api", "request answered")
        if line["path"].endswith("/start")
    ]
    assert begun["trace_id"] == asked[-1]


@pytest.mark.usefixtures("worker")
def test_a_faststream_client_creates_and_starts_a_task(tasks: Tasks) -> None:
    program = PROGRAMS / f"faststream_asks_{tasks.broker}.py"
    url, limit = tasks.variables["BROKER_URL"], str(PRIMES["parameters"]["limit"])
    said = check(make_environment() / "bin/python", program, url, tasks.prefix, limit)
    started = json.loads(said.splitlines()[-1])
    assert started["status"] == "queued"
    assert tasks.wait_for_end(started["number"])["result"] == ANSWER
