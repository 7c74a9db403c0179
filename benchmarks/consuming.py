"""Consuming: a backlog, with a handler that only counts; acknowledged or committed."""

from functools import partial

from benchmarks.contender import Contender
from benchmarks.messaging import (
    BROKERS,
    FASTSTREAM,
    OURS,
    RAW,
    SILENT,
    SILENT_FASTSTREAM,
    compare_on_brokers,
    find_servers,
    make_contenders,
    make_own,
)
from benchmarks.table import Goal, Table

ROUNDS = 12
# A new group handles its first messages one by one, in case it dies of one.
COUNTS = (1_000, 3_000)
GOALS = {OURS: Goal(1.3, is_least=False)}


def run(rounds: int, counts: tuple[int, int] = COUNTS) -> Table:
    """Measure the contenders on each broker in turn."""
    urls = find_servers(*BROKERS.values())
    contenders = make_contenders(make_own("consume", database="none"))

    def measure(name: str, action: str, url: str, **variables: str) -> float:
        contender: Contender = contenders[name]
        return contender.measure(action, url, *counts, BROKER_URL=url, **variables)["cpu"]

    measures = {
        broker: {
            RAW: partial(measure, RAW, "consume", urls[server]),
            OURS: partial(measure, OURS, "consume", urls[server]),
            SILENT: partial(measure, OURS, "consume", urls[server], LOG_LEVEL="WARNING"),
            FASTSTREAM: partial(measure, FASTSTREAM, "consume", urls[server]),
            SILENT_FASTSTREAM: partial(measure, FASTSTREAM, "consume-silently", urls[server]),
        }
        for broker, server in BROKERS.items()
    }
    return compare_on_brokers("consume", rounds, measures, GOALS)
