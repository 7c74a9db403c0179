"""What tests of rate limits share: a clock of their own, and somebody who does not give up."""

from app.core.errors import TooManyRequestsError
from app.services.rate_limiter import RateLimit, RateLimiter


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.seconds = 600.0

    def __call__(self) -> float:
        return self.seconds


async def count_accepted(limiter: RateLimiter, limit: RateLimit, *, tries: int) -> int:
    accepted = 0
    for _ in range(tries):
        try:
            await limiter.check("ip", limit=limit)
        except TooManyRequestsError:
            continue
        accepted += 1
    return accepted
