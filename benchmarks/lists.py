"""Lists: what a page costs in a short and in a long list, on each database."""

import json
import shutil
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.rounds import compare
from benchmarks.table import Goal, Row, Table
from tests.combinations import choose
from tests.programs import clean_environment
from tests.recipes import make_service
from tests.small_template import ROOT
from tools.servers import find

ROUNDS = 30
SIZES = (1_000, 1_000_000)
FOLDER = ROOT / "build" / "benchmarks" / "lists"
SCRIPT = Path(__file__).parent / "served" / "pages.py"
GOAL = Goal(1.5, is_least=False)
SERVERS = ("postgresql", "mariadb")

Figures = Mapping[str, Sequence[float]]


def run(rounds: int, sizes: tuple[int, int] = SIZES) -> Table:
    """Measure the pages on each database in turn; raises BenchmarkError when one is not there."""
    urls = find(SERVERS)
    if missing := [name for name in SERVERS if name not in urls]:
        raise BenchmarkError(f"{', '.join(missing)} not there: `./just servers` starts them")
    shutil.rmtree(FOLDER, ignore_errors=True)
    default = make_service(FOLDER / "default", choose())
    on_mysql = make_service(FOLDER / "on-mysql", choose(database="mysql"))
    places = {
        "PostgreSQL": (default, urls["postgresql"]),
        "MariaDB": (on_mysql, urls["mariadb"]),
        "SQLite": (default, f"sqlite:///{FOLDER / 'lists.db'}"),
    }
    rows: list[Row] = []
    for name, (service, url) in places.items():
        rows += make_rows(name, time_pages(name, service, url, rounds, sizes))
    median = "median of {:,} and {:,} rows".format(*sizes)
    return Table("lists, time per page of 50", median, "many to few", rows)


def time_pages(name: str, service: Path, url: str, rounds: int, sizes: tuple[int, int]) -> Figures:
    """Return the seconds of each page as the rendered service reads it."""
    arguments = (url, f"lists, {name}", rounds, *sizes)
    done = subprocess.run(
        [service / ".venv/bin/python", SCRIPT, *map(str, arguments)],
        cwd=service,
        env=clean_environment(PYTHONPATH=f"{service}:{ROOT}"),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"lists, {name}: the script ended with {done.returncode}")
    figures: Figures = json.loads(done.stdout)
    return figures


def make_rows(database: str, figures: Figures) -> list[Row]:
    """Return a row for each page."""
    pages = [name.removeprefix("few: ") for name in figures if name.startswith("few: ")]
    rows = []
    for page in pages:
        few, many = figures[f"few: {page}"], figures[f"many: {page}"]
        cost = f"{statistics.median(few) * 1000:.2f} and {statistics.median(many) * 1000:.2f} ms"
        rows.append(Row(f"{database}: {page}", cost, compare(many, few), GOAL))
    return rows
