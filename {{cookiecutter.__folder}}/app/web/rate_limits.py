"""How often one caller may ask: 429 beyond it."""

from typing import Any

from fastapi import Depends, Request

from app.services.rate_limiter import RateLimit, RateLimiter
from app.utils.cache import Cache


def limit_rate(name: str, limit: int, *, per: float) -> Any:
    """Return a dependency that lets one caller in `limit` times in `per` seconds.

    A caller is who the token says, on routes that ask for one before, and else an address: behind
    a proxy set FORWARDED_ALLOW_IPS, or all of its clients are one. Without Redis nobody is refused.
    """
    rate = RateLimit(count=limit, per=per)

    async def check(request: Request) -> None:
        caller = getattr(request.state, "caller", None)
        address = request.client.host if request.client else ""
        who = caller.subject if caller else address
        await RateLimiter(request.state.opened[Cache]).check(f"{name}:{who}", limit=rate)

    return Depends(check)
