"""Linear equations, by elimination with the largest pivot."""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any

# What is smaller beside the largest coefficient is only what rounding has left of nothing.
NOTHING = 1e-12


def solve_equations(
    report: Callable[[float], None],
    *,
    coefficients: Sequence[Sequence[float]],
    constants: Sequence[float],
) -> dict[str, Any]:
    """Return the one solution; raises ValueError when there is none, or more than one.

    Raises OverflowError when a number on the way to it is too large.
    """
    rows = [[*row, constant] for row, constant in zip(coefficients, constants, strict=True)]
    size = len(rows)
    least = NOTHING * max(abs(value) for row in coefficients for value in row)
    for step in range(size):
        pivot = max(range(step, size), key=lambda number: abs(rows[number][step]))
        if abs(rows[pivot][step]) <= least:
            raise ValueError("the equations have no single solution")
        rows[step], rows[pivot] = rows[pivot], rows[step]
        for row in rows[step + 1 :]:
            factor = row[step] / rows[step][step]
            for column in range(step, size + 1):
                row[column] -= factor * rows[step][column]
            check_finite(row)
        report((step + 1) / size)
    return {"solution": substitute_back(rows)}


def substitute_back(rows: Sequence[Sequence[float]]) -> list[float]:
    """Solve rows of which each has one unknown fewer than the one above it."""
    size = len(rows)
    solution = [0.0] * size
    for step in reversed(range(size)):
        known = sum(rows[step][column] * solution[column] for column in range(step + 1, size))
        solution[step] = (rows[step][size] - known) / rows[step][step]
    check_finite(solution)
    return solution


def check_finite(numbers: Iterable[float]) -> None:
    """Raise OverflowError for numbers that have become too large: what is made of them is wrong."""
    if not all(map(isfinite, numbers)):
        raise OverflowError("the numbers become too large to be computed with")
