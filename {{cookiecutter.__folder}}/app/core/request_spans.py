"""A span for each request, but for those of probes."""

from contextlib import AbstractContextManager

from starlette.types import Scope

from app.core.tracing import Trace, follow_trace, get_spans

QUIET_PATHS = ("/health/", "/metrics")
UNMATCHED = "unmatched"
SERVER_ERROR = 500


def trace_request(scope: Scope, traceparent: str) -> AbstractContextManager[Trace]:
    """Continue the caller's trace, or start one, while the request is answered."""
    spans = get_spans()
    if spans is None or scope["path"].startswith(QUIET_PATHS):
        return follow_trace(traceparent)
    method, path, scheme = scope["method"], scope["path"], scope["scheme"]
    # Without the query: it can hold what nobody else should read.
    attributes = {"http.request.method": method, "url.path": path, "url.scheme": scheme}
    return spans.follow(traceparent, method, "server", attributes)


def describe_answer(scope: Scope, route: str, status: int) -> None:
    """Tell the request's span what became of it."""
    if (spans := get_spans()) is None or scope["path"].startswith(QUIET_PATHS):
        return
    answer: dict[str, str | int] = {"http.response.status_code": status}
    if route == UNMATCHED:
        spans.describe(answer, None)
    else:
        spans.describe({**answer, "http.route": route}, f"{scope['method']} {route}")
    if status >= SERVER_ERROR:
        spans.fail(str(status))
