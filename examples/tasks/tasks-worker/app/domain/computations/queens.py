"""Queens on a chessboard, none of which attacks another."""

from collections.abc import Callable
from typing import Any


def count_queens(report: Callable[[float], None], *, size: int) -> dict[str, Any]:
    """Return in how many ways as many queens as the board has rows can stand on it."""
    whole = (1 << size) - 1

    def count(columns: int, rising: int, falling: int) -> int:
        """Count the ways to fill the rows that are left; bits are places under attack."""
        if columns == whole:
            return 1
        found = 0
        free = whole & ~(columns | rising | falling)
        while free:
            place = free & -free
            free ^= place
            found += count(columns | place, (rising | place) << 1, (falling | place) >> 1)
        return found

    ways = 0
    for column in range(size):
        place = 1 << column
        ways += count(place, place << 1, place >> 1)
        report((column + 1) / size)
    return {"ways": ways}
