"""The area of the Mandelbrot set, which nobody knows exactly: points of a grid that stay."""

from collections.abc import Callable
from typing import Any

# The set lies within it, and its lower half is the mirror image of the upper one.
LEFT, RIGHT, TOP = -2.0, 0.5, 1.2
FAR = 4.0


def measure_mandelbrot(
    report: Callable[[float], None], *, columns: int, iterations: int
) -> dict[str, Any]:
    """Return the area, from so many points in each row of the grid."""
    side = (RIGHT - LEFT) / columns
    rows = max(1, round(TOP / side))
    height = TOP / rows
    inside = 0
    for row in range(rows):
        imaginary = (row + 0.5) * height
        for column in range(columns):
            point = complex(LEFT + (column + 0.5) * side, imaginary)
            inside += stays(point, iterations)
        report((row + 1) / rows)
    return {"area": 2 * inside * side * height, "points": rows * columns}


def stays(point: complex, iterations: int) -> bool:
    """Tell whether a point is still near after so many steps."""
    real, imaginary = point.real, point.imag
    # The two largest parts of the set, where no step is needed to know.
    from_cusp = (real - 0.25) ** 2 + imaginary**2
    if from_cusp * (from_cusp + real - 0.25) <= imaginary**2 / 4:
        return True
    if (real + 1) ** 2 + imaginary**2 <= 1 / 16:
        return True
    place = 0j
    for _ in range(iterations):
        place = place * place + point
        if place.real * place.real + place.imag * place.imag > FAR:
            return False
    return True
