"""The Prometheus metrics of the service, declared in one place."""

from functools import cache

from prometheus_client import Counter, Histogram

HTTP_REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
HTTP_SECONDS = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])
# Clients can make up others: a series for each of those would fill the memory.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request and the time that it took."""
    count, duration = choose_series(method if method in METHODS else "OTHER", route, status)
    count.inc()
    duration.observe(seconds)


@cache
def choose_series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return the series of such requests, which the library takes long to find."""
    return HTTP_REQUESTS.labels(method, route, status), HTTP_SECONDS.labels(method, route)
