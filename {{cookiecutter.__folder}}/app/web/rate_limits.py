"""How often one caller may ask: 429 beyond it."""

import ipaddress
import math
import re
from typing import Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.core.errors import TooManyRequestsError
from app.core.middleware import add_answer_header
from app.services.rate_limiter import RateLimit, RateLimiter, Remaining
from app.utils.cache import Cache

# What a string in a structured field (RFC 9651) holds without escapes.
NAME = re.compile(r"[ !#-\[\]-~]+")
# A client of IPv6 has at least so many addresses: the first bits are its network's.
IPV6_NETWORK_BITS = 64


def limit_rate(name: str, limit: int, *, per: float) -> Any:
    """Return a dependency that lets one caller in `limit` times in `per` seconds.

    A caller is who the token says, on routes that ask for one before, and else an address: behind
    a proxy set FORWARDED_ALLOW_IPS, or all of its clients are one. Without Redis nobody is refused.
    Each answer says what is left, in the fields RateLimit-Policy and RateLimit.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"a rate limit's name has printable ASCII without quotes, not {name!r}")
    rate = RateLimit(count=limit, per=per)

    async def check(request: HTTPConnection) -> None:
        # A request counts once, however often it is attempted.
        counted: set[object] = request.scope["state"].setdefault("counted_limits", set())
        if check in counted:
            return
        counted.add(check)
        caller = getattr(request.state, "caller", None)
        who = caller.subject if caller else name_network(request)
        limiter = RateLimiter(request.state.opened[Cache])
        try:
            remaining = await limiter.check(f"{name}:{who}", limit=rate)
        except TooManyRequestsError as error:
            tell(request, name, rate, Remaining(0, error.retry_after))
            raise
        if remaining is not None:
            tell(request, name, rate, remaining)

    return Depends(check)


def name_network(request: HTTPConnection) -> str:
    """Return the network of a client: its IPv4 address, or the first half of its IPv6 address."""
    address = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False))


def tell(request: HTTPConnection, name: str, rate: RateLimit, remaining: Remaining) -> None:
    """Add what is left of a limit to the answer (draft-ietf-httpapi-ratelimit-headers-10)."""
    policy = f'"{name}";q={rate.count};w={math.ceil(rate.per)}'
    add_answer_header(request.scope, "ratelimit-policy", policy)
    left = f'"{name}";r={remaining.requests};t={remaining.seconds}'
    add_answer_header(request.scope, "ratelimit", left)
