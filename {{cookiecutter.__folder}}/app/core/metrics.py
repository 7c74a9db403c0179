"""The Prometheus metrics of the service, declared in one place."""

from prometheus_client import Counter, Histogram

HTTP_REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
HTTP_SECONDS = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])
