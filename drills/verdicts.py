"""What a drill has to find at its end, what it found, and what is wrong between the two."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

STEPS = ("confirmed", "shipped")
SHOWN = 5
# The number of an order that a message does not tell.
UNKNOWN = -1


@dataclass(frozen=True, order=True)
class DeadLetter:
    """A message that was put aside, and how it came to that."""

    number: int
    """Of the order that it is about, or UNKNOWN."""
    group: str
    reason: str
    attempts: int


@dataclass
class Expectation:
    """What is unusual about a drill: everything else is handled, once, at the first attempt."""

    dead: list[DeadLetter] = field(default_factory=list)
    unsent: int = 0
    """How many messages the broker refuses, so that they stay in the outbox."""
    attempts: dict[int, range] = field(default_factory=dict)
    """How often the handler may have been called, by the number of a special order."""
    may_bury_twice: bool = False
    """Whether a message may be put aside twice, its process having died just after the first.

    Or while it moved the message to another queue: then there are two, each with its attempts.
    """
    may_fail: bool = False
    """Whether handlers may fail other than for special orders."""


@dataclass
class Findings:
    """What was found when all was quiet."""

    accepted: Collection[int] = ()
    """The numbers of the orders that the API has confirmed to its clients."""
    orders: Collection[int] = ()
    effects: Collection[tuple[int, str]] = ()
    """The order's number and the step, one for each row."""
    dead: Collection[DeadLetter] = ()
    outbox: int = 0
    attempts: Counter[int] = field(default_factory=Counter)
    """How often the handler was called, by the number of a special order."""
    failures: int = 0
    """How many failed attempts the logs tell of."""
    exits: Collection[tuple[str, int | None]] = ()
    """The processes that were asked to stop, and their exit status; None for one that hung."""
    notes: Collection[str] = ()
    """What else the drill itself found to be wrong."""


def judge(expected: Expectation, found: Findings) -> list[str]:
    """Return a sentence for everything that is wrong."""
    return [
        *judge_orders(found),
        *judge_effects(expected, found),
        *judge_dead(expected, found),
        *judge_attempts(expected, found),
        *judge_exits(found),
        *found.notes,
    ]


def judge_orders(found: Findings) -> Iterator[str]:
    """Compare what clients were promised with what is stored."""
    accepted, orders = set(found.accepted), set(found.orders)
    if accepted - orders:
        yield f"lost orders: {show(accepted - orders)}"
    if orders - accepted:
        yield f"orders that nobody was promised: {show(orders - accepted)}"


def judge_effects(expected: Expectation, found: Findings) -> Iterator[str]:
    """Compare the effects with one of each step for every order that is not a dead letter."""
    dead = {letter.number for letter in expected.dead}
    wanted = {(number, step) for number in found.orders if number not in dead for step in STEPS}
    counts = Counter(found.effects)
    if lost := wanted - counts.keys():
        yield f"lost effects: {show(lost)}"
    if doubled := {effect for effect, count in counts.items() if count > 1}:
        yield f"effects that happened more than once: {show(doubled)}"
    if strange := counts.keys() - wanted:
        yield f"effects that must not be: {show(strange)}"


def judge_dead(expected: Expectation, found: Findings) -> Iterator[str]:
    """Compare the dead letters, with their reasons and attempts, and what was not sent."""
    wanted, there = Counter(expected.dead), Counter(found.dead)
    if expected.may_bury_twice:
        there = Counter(set(found.dead))
    if missing := wanted - there:
        yield f"missing dead letters: {show(missing.elements())}"
    if strange := there - wanted:
        yield f"dead letters that must not be: {show(strange.elements())}"
    if found.outbox != expected.unsent:
        yield f"{found.outbox} messages are left in the outbox, not {expected.unsent}"


def judge_attempts(expected: Expectation, found: Findings) -> Iterator[str]:
    """Compare how often special orders were tried, and look for attempts that were spent."""
    for number, once in expected.attempts.items():
        letters = [each.attempts for each in found.dead if each.number == number]
        copies = sum(letters[1:]) if expected.may_bury_twice else 0
        wanted = range(once.start, once.stop + copies)
        if found.attempts[number] not in wanted:
            few, many = wanted.start, wanted.stop - 1
            expected_times = f"{few}" if few == many else f"{few} to {many}"
            yield f"order {number} was tried {found.attempts[number]} times, not {expected_times}"
    if found.failures and not (expected.may_fail or expected.attempts):
        yield f"{found.failures} attempts were spent"


def judge_exits(found: Findings) -> Iterator[str]:
    """Look for processes that did not stop as they should."""
    for name, status in found.exits:
        if status != 0:
            yield f"{name} {'did not stop' if status is None else f'ended with {status}'}"


def show(things: Iterable[object]) -> str:
    """Return how many there are and what the first of them look like."""
    found = sorted(things)  # type: ignore[type-var] # each caller's are of one kind
    shown = ", ".join(map(str, found[:SHOWN]))
    return f"{len(found)} ({shown}{', ...' if len(found) > SHOWN else ''})"
