"""What a broker must hold before messages can flow: topics, and the places of groups."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Topology:
    """How a broker keeps the messages of an event; declared beside it."""

    partitions: int = 3
    """How many members of a group can work at once, where a broker keeps a key's order."""
    replicas: int = 3
    """On how many servers each message is, or on all if there are fewer."""
    retention: timedelta = timedelta(days=7)
    """How long a broker keeps them that does not delete what was handled."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A stream of messages that groups subscribe to."""

    name: str
    topology: Topology = Topology()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Those who share the messages of a topic, one each, and the places that are theirs alone."""

    name: str
    topic: Topic
    ladder: tuple[float, ...] = (1.0,)
    """Seconds that a message waits on each rung before it comes back; at least one rung."""
    is_ordered: bool = False
    timeout: float = 60.0
    """The most seconds that a message may be worked on."""

    @property
    def dead(self) -> str:
        """The place of its dead letters."""
        return f"{self.name}.dead"

    @property
    def rungs(self) -> dict[str, float]:
        """The places where messages wait, and for how many seconds, the shortest first."""
        return {self.rung(step): seconds for step, seconds in enumerate(self.ladder)}

    def find_other_rungs(self, names: Iterable[str]) -> dict[str, float]:
        """Return the places of delays that are not in the ladder, as those of an older policy."""
        prefix = f"{self.name}.retry."
        return {
            name: read_delay(name.removeprefix(prefix))
            for name in names
            if name.startswith(prefix)
            and name not in self.rungs
            and DELAY.fullmatch(name.removeprefix(prefix))
        }

    def rung(self, step: int) -> str:
        """Return the place of a step of the ladder; the last is for all steps above it."""
        return f"{self.name}.retry.{name_delay(self.ladder[min(step, len(self.ladder) - 1)])}"


DELAY = re.compile(r"([0-9]{1,12})(ms|s)")


def read_delay(name: str) -> float:
    """Return the seconds that a part of a name says; raises ValueError for another."""
    if (found := DELAY.fullmatch(name)) is None:
        raise ValueError(name)
    return int(found[1]) / (1000 if found[2] == "ms" else 1)


def name_delay(seconds: float) -> str:
    """Return a delay as part of a name: 0.5 is 500ms, 60 is 60s."""
    return f"{seconds:.0f}s" if seconds >= 1 and seconds % 1 == 0 else f"{seconds * 1000:.0f}ms"
