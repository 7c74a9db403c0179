"""Measure several things in turn, so that a busy machine slows all of them alike."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence

Measure = Callable[[], float]
# So many rounds fill the caches, and are not counted.
WARM_UPS = 1


def measure_in_turns(
    title: str, measures: Mapping[str, Measure], rounds: int
) -> dict[str, list[float]]:
    """Measure everything once in each round, and return the figures of every round.

    Every second round goes backwards, so that a machine that gets slower favours nobody.
    """
    figures: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(1 - WARM_UPS, rounds + 1):
        report(f"{title}: round {number} of {rounds}")
        for name in list(measures)[:: -1 if number % 2 else 1]:
            figure = measures[name]()
            if number > 0:
                figures[name].append(figure)
    return figures


def compare(figures: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios, each between two figures of the same round."""
    return statistics.median(one / other for one, other in zip(figures, base, strict=True))


def spread(figures: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """Return between which two values the middle half of the ratios is."""
    ratios = sorted(one / other for one, other in zip(figures, base, strict=True))
    quarter = len(ratios) // 4
    return ratios[quarter], ratios[-1 - quarter]


def report(line: str) -> None:
    """Say on standard error how far it has come."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
