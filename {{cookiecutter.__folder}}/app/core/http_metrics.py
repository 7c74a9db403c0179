"""What is counted of requests."""

from functools import cache

from prometheus_client import Counter, Histogram

from app.core.metrics import HTTP_IN_FLIGHT, HTTP_REQUESTS, HTTP_SECONDS

# Clients can make up others: a series for each of those would fill the memory.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

begin_request = HTTP_IN_FLIGHT.inc


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that has ended, and the time that it took."""
    count, duration = choose_series(method if method in METHODS else "OTHER", route, status)
    count.inc()
    duration.observe(seconds)
    HTTP_IN_FLIGHT.dec()


@cache
def choose_series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return the series of such requests, which the library takes long to find."""
    return HTTP_REQUESTS.labels(method, route, status), HTTP_SECONDS.labels(method, route)
