"""Servers of the sample system Tasks restart, and workers are killed, while many tasks run.

Each task ends exactly once, by itself: the database counts how often.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.small_template import ROOT
from tests.tasks_system import FINAL, Tasks, kill, list_children, prepare_tasks
from tools.servers import KINDS, attach, ensure, stop
from tools.servers.state import locked

pytestmark = [pytest.mark.slow, pytest.mark.servers]

FOLDER = ROOT / "build" / "tasks-drills"
HOME = FOLDER / "servers"
TASKS = 24
# A second or so each.
WORK = {"kind": "primes", "parameters": {"limit": 100_000_000}}
RESULT = {"count": 5_761_455, "largest": 99_999_989}
COUNT_ENDS = (
    "CREATE TABLE ends (number bigint)",
    """
    CREATE FUNCTION count_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
            INSERT INTO ends VALUES (NEW.number);
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER count_end AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION count_end()",
)


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Servers that nobody else uses, for they are restarted."""
    with pytest.MonkeyPatch.context() as patch, locked(FOLDER / "run.lock"):
        for kind in KINDS.values():
            patch.delenv(kind.variable, raising=False)
        # What a run that was killed has left behind.
        stop(home=HOME)
        try:
            yield ensure(["rabbitmq", "postgresql"], home=HOME)
        finally:
            stop(home=HOME)


@pytest.fixture
def tasks(tasks_folder: Path, urls: dict[str, str], tmp_path: Path) -> Iterator[Tasks]:
    """The system at work: an API and two workers, and a table of what has ended."""
    with (
        prepare_tasks(tasks_folder, tmp_path, "rabbitmq", urls) as tasks,
        ExitStack() as stack,
    ):
        tasks.execute(*COUNT_ENDS)
        tasks.begin_api(stack)
        yield tasks


@pytest.mark.parametrize("name", ["rabbitmq", "postgresql"])
def test_each_task_ends_exactly_once_though_a_server_restarts(tasks: Tasks, name: str) -> None:
    server = attach(name, home=HOME)
    with ExitStack() as stack:
        for worker in ("first", "second"):
            tasks.begin_worker(stack, worker)
        numbers = start_all(tasks)
        server.kill()
        server.start()
        check_ends(tasks, numbers)


def test_each_task_ends_exactly_once_though_workers_are_killed(tasks: Tasks) -> None:
    with ExitStack() as stack:
        workers = [tasks.begin_worker(stack, name) for name in ("first", "second")]
        numbers = start_all(tasks)
        for worker in workers:
            assert list_children(worker.pid)
            kill(worker)
        tasks.begin_worker(stack, "third")
        check_ends(tasks, numbers)


def start_all(tasks: Tasks) -> list[int]:
    """Start all tasks, and return their numbers when some are done and most are not."""
    numbers = [tasks.create(WORK) for _ in range(TASKS)]
    for number in numbers:
        tasks.start(number)
    tasks.wait_for(numbers[0], status=FINAL)
    return numbers


def check_ends(tasks: Tasks, numbers: list[int]) -> None:
    """Check that each has ended once, with its result."""
    for number in numbers:
        task = tasks.wait_for_end(number)
        assert (task["status"], task["result"]) == ("finished", RESULT), task
    ends = tasks.execute("SELECT number FROM ends ORDER BY number")
    assert ends == str([[number] for number in numbers])
