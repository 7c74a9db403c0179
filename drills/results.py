"""The table that the drills print at their end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

HEAD = ("drill", "broker", "database", "messages", "effects", "dead", "s to recover", "verdict")


@dataclass(frozen=True)
class Result:
    """What came of one drill."""

    drill: str
    broker: str
    database: str
    messages: int = 0
    effects: int = 0
    dead: int = 0
    recovery: float | None = None
    """Seconds from the end of the harm until the last effect of what was ordered before."""
    problems: Sequence[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """Say it in one word."""
        return "good" if self.is_good else "FAILED"

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of the table."""
        recovery = "" if self.recovery is None else f"{self.recovery:.1f}"
        numbers = (f"{self.messages:,}", f"{self.effects:,}", f"{self.dead:,}")
        return (self.drill, self.broker, self.database, *numbers, recovery, self.verdict)


def make_table(results: Sequence[Result]) -> str:
    """Return the results as a table in Markdown."""
    rows = [HEAD, *(result.cells for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [join(row, widths) for row in rows]
    return "\n".join([lines[0], join(["-" * width for width in widths], widths), *lines[1:]])


def join(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line of the table."""
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
