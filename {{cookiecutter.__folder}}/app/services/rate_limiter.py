"""How often somebody may do something, counted in the cache for all processes together."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from app.core.errors import TooManyRequestsError
from app.core.metrics import RATE_LIMIT_REFUSALS
from app.utils.cache import Cache
from app.utils.cache_store import Count


@dataclass(frozen=True)
class RateLimit:
    """So many times in so many seconds."""

    count: int
    per: float

    def __post_init__(self) -> None:
        """Refuse a limit that nobody can keep."""
        if self.count < 1 or self.per <= 0:
            raise ValueError(f"a rate limit needs a count and seconds above 0, not {self}")

    def find_remaining(self, counted: Count) -> int:
        """Return how many more are accepted at this moment."""
        if not counted.accepted:
            return 0
        used = counted.previous * (1 - counted.elapsed) + counted.current + 1
        # Those of the window before fade: the next is accepted while these leave less than one.
        return max(0, math.ceil(self.count - used))

    def find_wait(self, counted: Count) -> float:
        """Return for how many seconds a window that is full stays so."""
        if counted.current >= self.count:
            return (1 - counted.elapsed) * self.per
        fading = 1 - (self.count - counted.current) / counted.previous
        return (fading - counted.elapsed) * self.per


class Remaining(NamedTuple):
    """What is left of a limit."""

    requests: int
    """How many more are accepted at this moment."""
    seconds: int
    """In how many seconds there will be more."""


class RateLimiter:
    """Refuse what comes too often; while the cache is down, everything passes."""

    def __init__(self, cache: Cache) -> None:
        """Count in this cache."""
        self._cache = cache

    async def check(self, key: str, *, limit: RateLimit) -> Remaining | None:
        """Count one more under the key, and return what is left, or None while nothing is counted.

        Raises TooManyRequestsError when that is too many.
        """
        # All digits: limits whose first six are the same are not the same.
        name = f"limit:{float(limit.per)!r}:{key}"
        counted = await self._cache.count(name, limit=limit.count, per=limit.per)
        if counted is None:
            return None
        if not counted.accepted:
            RATE_LIMIT_REFUSALS.inc()
            # The next whole second after that moment: a client that comes back then is let in.
            raise TooManyRequestsError(int(limit.find_wait(counted) + 0.001) + 1)
        seconds = math.ceil((1 - counted.elapsed) * limit.per - 0.001)
        return Remaining(limit.find_remaining(counted), max(1, seconds))
