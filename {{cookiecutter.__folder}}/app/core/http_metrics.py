"""What is counted of requests."""

from functools import cache

from prometheus_client import Counter, Histogram

from app.core.metrics import HTTP_IN_FLIGHT, HTTP_REQUESTS, HTTP_SECONDS
from app.core.readings import show_zeros

# Clients can make up others: a series for each of those would fill the memory.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# Our own: a bug, an outage or too much at once, and an answer that took too long.
FAILURES = ("500", "503", "504")

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
    # With the first request of a route, so that Prometheus sees its first failure grow.
    show_zeros(HTTP_REQUESTS, [method], [route], FAILURES)
    return HTTP_REQUESTS.labels(method, route, status), HTTP_SECONDS.labels(method, route)
