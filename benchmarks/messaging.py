"""Messages: what publishing and consuming one costs in a service, in bare clients and in a peer."""

import hashlib
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from benchmarks.contender import Contender
from benchmarks.errors import BenchmarkError
from benchmarks.rounds import Measure, compare, measure_in_turns, spread
from benchmarks.table import Goal, Row, Table
from tests.combinations import choose
from tests.environments import make_once
from tests.recipes import make_service
from tests.small_template import FOLDER, ROOT
from tools.servers import find

PEER = ("faststream[rabbit,kafka]==0.7.8", "uvloop")
BROKERS = {"RabbitMQ": "rabbitmq", "Kafka": "kafka"}
BUILD = ROOT / "build" / "benchmarks"
RAW = "bare client"
OURS = "service"
SILENT = "service, LOG_LEVEL=WARNING"
FASTSTREAM = "FastStream"
SILENT_FASTSTREAM = "FastStream, no log"


def find_servers(*names: str) -> dict[str, str]:
    """Return the URLs of servers; raises BenchmarkError when one is not there."""
    urls = find(names)
    if missing := [name for name in names if name not in urls]:
        raise BenchmarkError(f"{', '.join(missing)} not there: `./just servers` starts them")
    return urls


def make_own(name: str, **answers: str) -> Path:
    """Return a rendered service with its environment, made now."""
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    return make_service(folder, choose(**answers))


@cache
def make_peer() -> Path:
    """Return the Python of an environment with FastStream on the same versions of the clients."""
    pins = ROOT / FOLDER / "constraints.txt"
    key = hashlib.sha256("\n".join([sys.version, *PEER]).encode() + pins.read_bytes())
    name = f"faststream-{key.hexdigest()[:16]}"
    return make_once(name, *PEER, "--constraints", str(pins), cwd=ROOT) / "bin/python"


def make_contenders(service: Path) -> dict[str, Contender]:
    """Return the bare clients, the service and the peer, all on the same Python."""
    python = service / ".venv/bin/python"
    return {
        RAW: Contender(python, "raw_messages.py", service),
        OURS: Contender(python, "service_messages.py", service),
        FASTSTREAM: Contender(make_peer(), "faststream_messages.py", BUILD),
    }


def compare_on_brokers(
    title: str,
    rounds: int,
    measures: Mapping[str, Mapping[str, Measure]],
    goals: Mapping[str, Goal],
) -> Table:
    """Measure the CPU of a message on each broker, and compare with the bare client."""
    rows: list[Row] = []
    for broker, each in measures.items():
        costs = measure_in_turns(f"{title}, {broker}", each, rounds)
        rows += make_rows(broker, costs, RAW, goals)
    return Table(f"{title}, CPU per message", "median", "of the bare client's", rows)


def make_rows(
    where: str, costs: Mapping[str, Sequence[float]], base: str, goals: Mapping[str, Goal]
) -> list[Row]:
    """Return a row for each contender, with what it costs in multiples of one of them."""
    return [
        Row(
            what=f"{where}: {name}",
            cost=f"{statistics.median(cost) * 1e6:.0f} µs",
            ratio=compare(cost, costs[base]),
            goal=goals.get(name),
            spread=None if name == base else spread(cost, costs[base]),
        )
        for name, cost in costs.items()
    ]
