"""A span for each request, but for those of probes."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from starlette.types import Scope

from app.core.http_metrics import METHODS
from app.core.trace_context import Trace
from app.core.tracing import follow_trace, get_spans

# Whole paths: others that begin like them are not probes.
QUIET_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
UNMATCHED = "unmatched"
SERVER_ERROR = 500


def trace_request(scope: Scope, sent: Mapping[bytes, bytes]) -> AbstractContextManager[Trace]:
    """Continue the caller's trace, or start one, while the request is answered."""
    traceparent, tracestate = sent.get(b"traceparent", b"").decode("latin-1"), ""
    if b"tracestate" in sent:
        # It may come in several parts, which are one in their order.
        parts = [value for name, value in scope["headers"] if name == b"tracestate"]
        tracestate = b",".join(parts).decode("latin-1")
    spans = get_spans()
    if spans is None or scope["path"] in QUIET_PATHS:
        return follow_trace(traceparent, tracestate)
    method = read_method(scope)
    attributes = {
        "http.request.method": method if method in METHODS else "_OTHER",
        # Without the query: it can hold what nobody else should read.
        "url.path": scope["path"],
        "url.scheme": read_scheme(scope),
    }
    return spans.follow(traceparent, name_method(scope), "server", attributes, tracestate)


def describe_answer(scope: Scope, route: str, status: int) -> None:
    """Tell the request's span what became of it."""
    if (spans := get_spans()) is None or scope["path"] in QUIET_PATHS:
        return
    answer: dict[str, str | int] = {"http.response.status_code": status}
    if route == UNMATCHED:
        spans.describe(answer, None)
    else:
        spans.describe({**answer, "http.route": route}, f"{name_method(scope)} {route}")
    if status >= SERVER_ERROR:
        spans.fail(str(status))


def name_method(scope: Scope) -> str:
    """Return what the names of spans begin with, which clients cannot make up."""
    method = read_method(scope)
    return method if method in METHODS else "HTTP"


def read_method(scope: Scope) -> str:
    """Return the method of a request; that of a WebSocket is not told, for it is always GET."""
    method: str = scope.get("method", "GET")
    return method


def read_scheme(scope: Scope) -> str:
    """Return the scheme of a request, which a server need not tell."""
    scheme: str = scope.get("scheme", "ws" if scope["type"] == "websocket" else "http")
    return scheme
