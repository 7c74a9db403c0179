"""Lists of Dev Talk's articles: what a page costs among a thousand articles and among a million."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.messaging import find_servers
from benchmarks.rounds import compare, report, spread
from benchmarks.table import Goal, Row, Table
from tests.programs import clean_environment
from tests.small_template import ROOT
from tools.system import build
from tools.system.environments import prepare

ROUNDS = 30
SIZES = (1_000, 1_000_000)
SYSTEM = ROOT / "examples" / "dev-talk" / "system.yml"
SCRIPT = Path(__file__).parent / "served" / "article_lists.py"
GOAL = Goal(1.5, is_least=False)


def run(rounds: int, sizes: tuple[int, int] = SIZES) -> Table:
    """Measure every list on MariaDB; raises BenchmarkError when that is not there."""
    server = find_servers("mariadb")["mariadb"]
    report("articles: making the system and its environments")
    with tempfile.TemporaryDirectory() as place:
        service = build(SYSTEM, Path(place), report) / "articles"
        done = subprocess.run(
            [prepare(service), SCRIPT, server, *map(str, (rounds, *sizes))],
            cwd=service,
            env=clean_environment(PYTHONPATH=f"{service}:{ROOT}"),
            stdout=subprocess.PIPE,
            check=False,
        )
    if done.returncode != 0:
        raise BenchmarkError(f"articles: the script ended with {done.returncode}")
    few, many = json.loads(done.stdout)
    rows = [make_row(name, few[name], many[name]) for name in few]
    median = "median among {:,} and {:,}".format(*sizes)
    return Table("Dev Talk's articles, time per page of 20", median, "many to few", rows)


def make_row(name: str, few: list[float], many: list[float]) -> Row:
    """Return the row of a list."""
    cost = f"{statistics.median(few) * 1000:.1f} and {statistics.median(many) * 1000:.1f} ms"
    return Row(name, cost, compare(many, few), GOAL, spread(many, few))
