"""Prime numbers, by a sieve that looks at one segment after another."""

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

SEGMENT = 1 << 20


def count_primes(report: Callable[[float], None], *, limit: int) -> dict[str, Any]:
    """Return how many primes there are up to the limit, and the largest of them."""
    small = list_primes(isqrt(limit))
    count, largest = 0, 0
    for start in range(0, limit + 1, SEGMENT):
        size = min(SEGMENT, limit + 1 - start)
        marks = sieve(start, size, small)
        count += marks.count(1)
        last = marks.rfind(1)
        largest = start + last if last >= 0 else largest
        report((start + size) / (limit + 1))
    return {"count": count, "largest": largest}


def list_primes(limit: int) -> list[int]:
    """Return the primes up to a limit that fits into memory."""
    marks = bytearray([1]) * (limit + 1)
    marks[:2] = bytes(min(2, limit + 1))
    for number in range(2, isqrt(limit) + 1):
        if marks[number]:
            multiples = range(number * number, limit + 1, number)
            marks[multiples.start :: number] = bytes(len(multiples))
    return [number for number in range(limit + 1) if marks[number]]


def sieve(start: int, size: int, primes: Sequence[int]) -> bytearray:
    """Return a mark for each prime among `size` numbers from `start` on."""
    marks = bytearray([1]) * size
    if start == 0:
        marks[:2] = bytes(min(2, size))
    for prime in primes:
        # Smaller multiples have a smaller prime factor, which has found them.
        first = max(prime * prime, -(-start // prime) * prime) - start
        if first < size:
            marks[first::prime] = bytes(len(range(first, size, prime)))
    return marks
