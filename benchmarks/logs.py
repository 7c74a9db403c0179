"""Log lines: what one costs when it goes to Loki too, and what the bare library's handler costs."""

import sys
from functools import partial
from pathlib import Path

from benchmarks.contender import SERVED, Contender
from benchmarks.messaging import BUILD, make_own, make_rows
from benchmarks.rounds import measure_in_turns
from benchmarks.server import running
from benchmarks.table import Goal, Table
from tests.processes import HOST, find_port

ROUNDS = 12
COUNTS = (5_000, 40_000)
# A request for each line takes a hundred times as long.
LIBRARY_COUNTS = (50, 400)
STDOUT = "standard output only"
LOKI = "and Loki"
LIBRARY = "and Loki, by python-logging-loki's own handler"
GOALS = {LOKI: Goal(1.3, is_least=False)}


def run(
    rounds: int,
    counts: tuple[int, int] = COUNTS,
    library_counts: tuple[int, int] = LIBRARY_COUNTS,
) -> Table:
    """Measure the CPU of the whole process, the thread that sends included."""
    folder = make_own("logs", interface="api", broker="none", database="none", cache="none")
    contender = Contender(folder / ".venv/bin/python", "service_logs.py", folder)
    port = find_port()
    url = f"http://{HOST}:{port}"

    def measure(action: str, counts: tuple[int, int], **variables: str) -> float:
        return contender.measure(action, url, *counts, **variables)["cpu"]

    server: tuple[str | Path, ...] = (sys.executable, SERVED / "loki.py", str(port))
    with running(*server, port=port, folder=folder, log=BUILD / "loki.log"):
        measures = {
            STDOUT: partial(measure, "stdout", counts),
            LOKI: partial(measure, "loki", counts, LOKI_URL=url),
            LIBRARY: partial(measure, "library", library_counts),
        }
        costs = measure_in_turns("log lines", measures, rounds)
    return Table(
        "log lines, CPU per line",
        "median",
        "of standard output only",
        make_rows("a line", costs, STDOUT, GOALS),
    )
