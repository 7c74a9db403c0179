"""The tables that the benchmarks print."""

from collections.abc import Sequence
from dataclasses import dataclass

# What a shared machine of two cores cannot tell apart.
NOISE = 0.15


@dataclass(frozen=True)
class Goal:
    """What a ratio should be: at least, or at most, a value."""

    value: float
    is_least: bool

    def __str__(self) -> str:
        """Return the goal as a table shows it."""
        return f"at {'least' if self.is_least else 'most'} {self.value:.2f}"

    def is_missed(self, ratio: float) -> bool:
        """Tell whether a ratio misses the goal by more than noise can explain."""
        if self.is_least:
            return ratio < self.value * (1 - NOISE)
        return ratio > self.value * (1 + NOISE)


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, the cost of one, and its ratio."""

    what: str
    cost: str
    ratio: float
    goal: Goal | None = None
    spread: tuple[float, float] | None = None
    """Between which two values the middle half of the ratios is."""

    @property
    def is_missed(self) -> bool:
        """Tell whether the row has a goal and misses it."""
        return self.goal is not None and self.goal.is_missed(self.ratio)

    def __str__(self) -> str:
        """Return the row in Markdown."""
        goal = "" if self.goal is None else str(self.goal)
        spread = "" if self.spread is None else " ({:.2f} to {:.2f})".format(*self.spread)
        return f"| {self.what} | {self.cost} | {self.ratio:.2f}{spread} | {goal} |"


@dataclass(frozen=True)
class Table:
    """What a benchmark found."""

    title: str
    median: str
    ratio: str
    rows: Sequence[Row]

    @property
    def is_missed(self) -> bool:
        """Tell whether a row misses its goal."""
        return any(row.is_missed for row in self.rows)

    def __str__(self) -> str:
        """Return the table in Markdown."""
        head = (
            f"| {self.title} | {self.median} | {self.ratio} | goal |",
            "| --- | --- | --- | --- |",
        )
        return "\n".join([*head, *map(str, self.rows)])
