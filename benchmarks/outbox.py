"""Outbox and inbox: what a message costs beside bare SQLAlchemy, and with a long backlog."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from benchmarks.contender import Contender
from benchmarks.messaging import BROKERS, OURS, RAW, find_servers, make_own, make_rows
from benchmarks.rounds import Measure, compare, measure_in_turns, spread
from benchmarks.table import Goal, Row, Table

ROUNDS = 5
COUNTS = (50, 950)
SIZES = (1_000, 100_000)
WARM = 100
FLAT = Goal(1.2, is_least=False)

Costs = Mapping[str, Sequence[float]]


def run(rounds: int, counts: tuple[int, int] = COUNTS, sizes: tuple[int, int] = SIZES) -> Table:
    """Measure against bare SQLAlchemy, a long backlog against a short one, and two relays."""
    urls = find_servers(*BROKERS.values(), "postgresql")
    folder = make_own("outbox")
    python, variables = folder / ".venv/bin/python", {"SERVER_URL": urls["postgresql"]}
    bare = Contender(python, "bare_outbox.py", folder, variables)
    ours = Contender(python, "service_outbox.py", folder, variables)

    def measure(contender: Contender, action: str, url: str, *counts: int) -> float:
        return contender.measure(action, url, *counts, BROKER_URL=url)["cpu"]

    def compare_with_bare(where: str, action: str, url: str) -> list[Row]:
        measures: dict[str, Measure] = {
            RAW: partial(measure, bare, action, url, *counts),
            OURS: partial(measure, ours, action, url, *counts),
        }
        costs = measure_in_turns(f"outbox, {where}", measures, rounds)
        return make_rows(where, costs, RAW, {})

    def compare_backlogs(where: str, action: str, url: str) -> Row:
        measures: dict[str, Measure] = {
            str(size): partial(measure, ours, action, url, WARM, size - WARM) for size in sizes
        }
        return make_flat_row(where, measure_in_turns(f"outbox, {where}", measures, rounds))

    # To emit and to handle, no broker is asked.
    rows = compare_with_bare("emit", "emit", urls["rabbitmq"])
    rows += compare_with_bare("handle with the inbox", "handle", urls["rabbitmq"])
    for broker, server in BROKERS.items():
        rows += compare_with_bare(f"relay to {broker}", "relay", urls[server])
    for broker, server in BROKERS.items():
        backlog = "{:,} against {:,} waiting".format(*reversed(sizes))
        for what, action in {"relay to": "relay", "consume from": "consume"}.items():
            rows.append(compare_backlogs(f"{what} {broker}, {backlog}", action, urls[server]))
        rows.append(compare_workers(broker, ours, urls[server], rounds, sizes[0]))
    return Table("outbox and inbox, CPU per message", "median", "of the first", rows)


def make_flat_row(where: str, costs: Costs) -> Row:
    """Return how much more a message of the long backlog costs."""
    few, many = costs.values()
    cost = " and ".join(f"{sorted(each)[len(each) // 2] * 1e6:.0f} µs" for each in (few, many))
    return Row(where, cost, compare(many, few), FLAT, spread(many, few))


def compare_workers(broker: str, ours: Contender, url: str, rounds: int, size: int) -> Row:
    """Return how many messages two relays publish in the time that one publishes one."""
    measures: dict[str, Measure] = {
        str(count): partial(time_relays, ours, url, count, size) for count in (1, 2)
    }
    costs = measure_in_turns(f"outbox, relays to {broker}", measures, rounds)
    one, two = costs["1"], costs["2"]
    cost = " and ".join(f"{sorted(each)[len(each) // 2] * 1e6:.0f} µs" for each in (one, two))
    where = f"relay to {broker}, two processes against one, messages per second"
    return Row(where, f"{cost} of time", compare(one, two), spread=spread(one, two))


def time_relays(ours: Contender, url: str, count: int, size: int) -> float:
    """Return the seconds per message of so many relays on one outbox."""
    with shared_outbox(ours, url, size) as name:
        runs = [ours.start("drain", url, 0, size, name=name, BROKER_URL=url) for _ in range(count)]
        found = [each for each in (run.wait() for run in runs) if each["published"]]
    first, last = min(each["first"] for each in found), max(each["last"] for each in found)
    return (last - first) / sum(each["published"] for each in found)


@contextmanager
def shared_outbox(ours: Contender, url: str, size: int) -> Iterator[str]:
    """Fill an outbox that several processes are to relay, and drop it afterwards."""
    name = f"benchmark-{uuid4().hex[:12]}"
    ours.start("fill", url, 0, size, name=name, BROKER_URL=url).wait()
    try:
        yield name
    finally:
        ours.start("forget", url, 0, 0, name=name, BROKER_URL=url).wait()
