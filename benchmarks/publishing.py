"""Publishing: confirmed, 50 messages in flight, with CloudEvents headers."""

from functools import partial

from benchmarks.contender import Contender
from benchmarks.messaging import (
    BROKERS,
    OURS,
    compare_on_brokers,
    find_servers,
    make_contenders,
    make_own,
)
from benchmarks.table import Goal, Table

ROUNDS = 12
COUNTS = (500, 3_000)
GOALS = {OURS: Goal(1.25, is_least=False)}


def run(rounds: int, counts: tuple[int, int] = COUNTS) -> Table:
    """Measure the contenders on each broker in turn."""
    urls = find_servers(*BROKERS.values())
    contenders = make_contenders(make_own("publish", database="none"))

    def measure(contender: Contender, url: str) -> float:
        return contender.measure("publish", url, *counts, BROKER_URL=url)["cpu"]

    measures = {
        broker: {
            name: partial(measure, contender, urls[server])
            for name, contender in contenders.items()
        }
        for broker, server in BROKERS.items()
    }
    return compare_on_brokers("publish", rounds, measures, GOALS)
