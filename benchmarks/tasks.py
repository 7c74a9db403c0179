"""The sample system Tasks: what a task costs, beside few that wait and beside many."""

import statistics
import tempfile
import time
from ast import literal_eval
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.messaging import find_servers
from benchmarks.rounds import Measure, compare, measure_in_turns, spread
from benchmarks.table import Goal, Row, Table
from tests.processes import Process
from tests.tasks_system import Tasks, list_children, make_tasks, prepare_tasks

ROUNDS = 5
COUNT = 200
SIZES = (100, 10_000)
WORKERS = (1, 2)
CLIENTS = 4
LOOK_SECONDS = 0.2
FLAT = Goal(1.2, is_least=False)
# Next to nothing to compute: what is measured is everything else.
SMALL = {"kind": "queens", "parameters": {"size": 4}}
FILL = """
INSERT INTO tasks (
    kind, parameters, status, progress, attempts, token, created_at, queued_at, due_at
)
SELECT 'queens', '{{"size": 4}}', 'queued', 0, 0, 0, now(), now(), now() + interval '{delay}'
FROM generate_series(1, {size})
"""
TITLES = {"through": "created, started and run over HTTP", "waiting": "one that waits is run"}
DONE = "FROM tasks WHERE status = 'finished'"


@dataclass
class Plant:
    """The system at work, and how fast it was in each measurement."""

    tasks: Tasks
    processes: list[Process]
    speeds: dict[str, list[float]] = field(default_factory=dict)

    def run_through(self, size: int, count: int) -> float:
        """Create and start so many tasks over HTTP while others wait; return the CPU of one."""
        self._empty()
        self.tasks.execute(FILL.format(size=size, delay="1 hour"))
        before = self._read_cpu()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda _: self.tasks.start(self.tasks.create(SMALL)), range(count)))
        return self._finish(f"through {size}", before, count)

    def run_waiting(self, size: int, count: int) -> float:
        """Let so many tasks wait, and return the CPU of one of the first that are run."""
        self._empty()
        before = self._read_cpu()
        self.tasks.execute(FILL.format(size=size, delay="0"))
        return self._finish(f"waiting {size}", before, min(size, count))

    def _empty(self) -> None:
        self.tasks.execute("TRUNCATE tasks RESTART IDENTITY")
        # What was at work ends.
        time.sleep(2)

    def _finish(self, what: str, before: float, count: int) -> float:
        """Wait for so many tasks; return the CPU of one."""
        while (done := self._read(f"SELECT count(*) {DONE}")) < count:
            time.sleep(LOOK_SECONDS)
        cpu = self._read_cpu() - before
        times = f"extract(epoch FROM max(ended_at) - min(queued_at))::float8 {DONE}"
        self.speeds.setdefault(what, []).append(done / self._read(f"SELECT {times}"))
        return cpu / done

    def _read(self, statement: str) -> float:
        [[value]] = literal_eval(self.tasks.execute(statement))
        return float(value)

    def _read_cpu(self) -> float:
        """Return the CPU seconds of all processes: user and system."""
        pids = [pid for each in self.processes for pid in (each.pid, *list_children(each.pid))]
        # What clock_getcpuclockid(3) returns for a process.
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def run(rounds: int, count: int = COUNT, sizes: tuple[int, int] = SIZES) -> Table:
    """Measure one worker and two, with few tasks that wait and with many."""
    urls = find_servers("rabbitmq", "postgresql")
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = make_tasks(Path(place))
        for workers in WORKERS:
            with open_plant(folder, urls, workers) as plant:
                rows += [measure_kind(plant, kind, rounds, count, sizes) for kind in TITLES]
    few, many = sizes
    return Table(
        "CPU of the API, the workers and their processes",
        f"a task beside {few:,} and {many:,} that wait, and tasks per second",
        "many against few",
        rows,
    )


def measure_kind(plant: Plant, kind: str, rounds: int, count: int, sizes: tuple[int, int]) -> Row:
    """Measure one kind of work, beside few that wait and beside many in turn."""
    run_one = plant.run_through if kind == "through" else plant.run_waiting
    workers = len(plant.processes) - 1
    title = f"{TITLES[kind]}, {workers} {'worker' if workers == 1 else 'workers'}"
    measures: dict[str, Measure] = {str(size): partial(run_one, size, count) for size in sizes}
    costs = measure_in_turns(f"tasks, {title}", measures, rounds)
    return make_row(title, list(costs.values()), [plant.speeds[f"{kind} {each}"] for each in sizes])


def make_row(title: str, costs: list[list[float]], speeds: list[list[float]]) -> Row:
    """Return what a long queue costs."""
    few, many = costs
    cost = " and ".join(f"{statistics.median(each) * 1e3:.1f}" for each in costs)
    speed = " and ".join(f"{statistics.median(each):.0f}" for each in speeds)
    return Row(title, f"{cost} ms; {speed}", compare(many, few), FLAT, spread(many, few))


@contextmanager
def open_plant(folder: Path, urls: dict[str, str], workers: int) -> Iterator[Plant]:
    """Start an API and workers on servers that are there."""
    with (
        tempfile.TemporaryDirectory() as logs,
        prepare_tasks(folder, Path(logs), "rabbitmq", urls) as tasks,
        ExitStack() as stack,
    ):
        processes = [tasks.begin_api(stack)]
        processes += [tasks.begin_worker(stack, f"worker-{each}") for each in range(workers)]
        yield Plant(tasks, processes)
