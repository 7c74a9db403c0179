"""What every request passes: id, trace, safe headers, access log and metrics, in pure ASGI."""

import re
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.http_metrics import begin_request, observe_request
from app.core.log_context import log_context
from app.core.request_spans import (
    QUIET_PATHS,
    UNMATCHED,
    describe_answer,
    read_method,
    read_scheme,
    trace_request,
)
from app.core.trace_context import make_id
from app.utils.logger import Logger

logger = Logger("app.access")

# An id from outside ends in log lines and headers: take nothing else than this.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# For answers that are data, not pages: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html
SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
HTTPS_HEADERS = (*SAFE_HEADERS, (b"strict-transport-security", b"max-age=31536000"))
UNCACHED = (b"cache-control", b"no-cache")
ENCRYPTED = frozenset({"https", "wss"})
SWITCHING_PROTOCOLS, FORBIDDEN, FAILED = 101, 403, 500
# Where the state of a request holds what every answer to it gets, an error too.
ANSWER_HEADERS = "answer_headers"

Headers = list[tuple[bytes, bytes]]


class RequestContext:
    """Name the request, follow its trace, time it, count it and log one line about it.

    Answers say no-cache, ask again, unless they say otherwise: with an ETag that is cheap. A
    WebSocket begins with a request, whose answer it is that counts, not how long it is open.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; the lifespan passes through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        sent = dict(scope["headers"])
        request_id, added = name_request(scope, sent)
        status: int | None = None
        started = time.perf_counter()
        begin_request()

        async def send_named(message: Message) -> None:
            nonlocal status
            if status is None and (answer := begin_answer(scope, message, added)):
                status, message = answer
                if is_socket:
                    record_request(scope, status, time.perf_counter() - started)
            await send(message)

        with trace_request(scope, sent):
            context = log_context.set({"request_id": request_id})
            try:
                await self._app(scope, receive, send_named)
            finally:
                if status is None or not is_socket:
                    # How long a stream was open says nothing about how fast it was answered.
                    ended = scope.get("stream_began_at") or time.perf_counter()
                    record_request(scope, status or FAILED, ended - started)
                log_context.reset(context)


def name_request(scope: Scope, sent: Mapping[bytes, bytes]) -> tuple[str, Headers]:
    """Return the id of a request, and the headers that its answer gets, whatever it will be."""
    request_id = sent.get(b"x-request-id", b"").decode("latin-1")
    if not request_id or not REQUEST_ID.fullmatch(request_id):
        request_id = make_id(32)
    state = scope.setdefault("state", {})
    state["request_id"] = request_id
    added: Headers = [(b"x-request-id", request_id.encode())]
    state[ANSWER_HEADERS] = added
    return request_id, added


def begin_answer(scope: Scope, message: Message, added: Headers) -> tuple[int, Message] | None:
    """Return the status that a message tells, and the message with more headers, if it has one."""
    if message["type"] == "websocket.accept":
        headers = [*message.get("headers", ()), *added]
        return SWITCHING_PROTOCOLS, {**message, "headers": headers}
    if message["type"] == "websocket.close":
        # What servers make of a WebSocket that is closed at once.
        return FORBIDDEN, message
    if "status" not in message:
        return None
    return message["status"], add_headers(scope, message, added)


def add_headers(scope: Scope, start: Message, added: Headers) -> Message:
    """Return the beginning of an answer with what all of them have."""
    safe = HTTPS_HEADERS if read_scheme(scope) in ENCRYPTED else SAFE_HEADERS
    given = start["headers"]
    for name, _ in given:
        if name == b"cache-control":
            return {**start, "headers": [*given, *added, *safe]}
    return {**start, "headers": [*given, UNCACHED, *added, *safe]}


def add_answer_header(scope: Scope, name: str, value: str) -> None:
    """Add a header to the answer of a request, whatever the answer will be."""
    scope["state"].setdefault(ANSWER_HEADERS, []).append((name.encode(), value.encode()))


def record_request(scope: Scope, status: int, seconds: float) -> None:
    """Count the request, and log it unless it is a probe's."""
    route = name_route(scope)
    method = read_method(scope)
    observe_request(method, route, status, seconds)
    describe_answer(scope, route, status)
    if scope["path"] not in QUIET_PATHS:
        logger.info(
            "request answered",
            method=method,
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def name_route(scope: Scope) -> str:
    """Return the path template of the route, one label for all paths that have none."""
    if scope["type"] == "websocket":
        return getattr(scope.get("route"), "path", None) or UNMATCHED
    # scope["route"].path lacks the prefix of include_router; this key has the whole template.
    context = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(context, "path", None) or UNMATCHED


class StartupSentence:
    """Let the server log why a start failed in our one sentence, without the traceback."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Shorten the message of a failed start; everything else passes through."""

        async def send_short(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                *_, last = message["message"].strip().splitlines()
                kind, _, sentence = last.partition(": ")
                if kind.endswith(("StartupError", "SettingsError")):
                    message = {**message, "message": sentence}
            await send(message)

        await self._app(scope, receive, send_short if scope["type"] == "lifespan" else send)
