"""Measure several things in turn, so that a busy machine slows all of them alike."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence

Measure = Callable[[], float]


def measure_in_turns(
    title: str, measures: Mapping[str, Measure], rounds: int
) -> dict[str, list[float]]:
    """Measure everything once in each round, and return the figures of every round."""
    figures: dict[str, list[float]] = {name: [] for name in measures}
    # The first round fills the caches and is not counted.
    for number in range(rounds + 1):
        report(f"{title}: round {number} of {rounds}")
        for name, measure in measures.items():
            figure = measure()
            if number > 0:
                figures[name].append(figure)
    return figures


def compare(figures: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios, each between two figures of the same round."""
    return statistics.median(one / other for one, other in zip(figures, base, strict=True))


def report(line: str) -> None:
    """Say on standard error how far it has come."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
