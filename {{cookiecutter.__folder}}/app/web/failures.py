"""The last resort: an answer for what nobody answered, and one form for what libraries answered."""

from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.middleware import name_route
from app.core.request_spans import UNMATCHED
from app.core.tracing import note_error
from app.utils.logger import Logger
from app.web.errors import MakeProblem

logger = Logger(__name__)

FIRST_ERROR, FIRST_FAILURE, UNAVAILABLE = 400, 500, 503
# They describe a body that is replaced.
OF_THE_BODY = (b"content-type", b"content-length")
# In bytes; a text that streams and is longer is no detail of a problem.
LONGEST_DETAIL = 65_536
OUR_FAILURE = "something went wrong on our side"
ANSWER, ANSWER_BODY = "websocket.http.response.start", "websocket.http.response.body"
# The codes of WebSockets that end for an error (RFC 6455): what the client may do about it.
TRY_LATER, INTERNAL_ERROR, POLICY_VIOLATION = 1013, 1011, 1008


class FailureAnswers:
    """Turn exceptions into a 500, and errors in plain text, such as a library's, into problems."""

    def __init__(self, app: ASGIApp, problem: MakeProblem) -> None:
        """Wrap the application."""
        self._app = app
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; the lifespan passes through."""
        if scope["type"] == "websocket":
            await self._serve(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        plain: Message | None = None
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal started, plain, text
            if message["type"] == "http.response.start":
                plain = message if is_plain_error(message) else None
            if plain is None:
                started = True
                await send(message)
            elif message["type"] == "http.response.body":
                text += message.get("body", b"")
                if not message.get("more_body", False):
                    started = True
                    await self._replace(plain, text, (scope, receive, send))
                elif len(text) > LONGEST_DETAIL:
                    # Too long for a problem, and not ours to cut: it stays what it is.
                    started = True
                    await send(plain)
                    await send({**message, "body": text})
                    plain = None

        try:
            await self._app(scope, receive, send_problem)
        except Exception as error:
            # Whatever it was, nobody further out answers in the service's way. But half an answer
            # cannot be taken back: the server cuts the connection.
            if started:
                raise
            note_error(error)
            logger.exception("request failed", method=scope["method"], path=scope["path"])
            await self._problem(500, OUR_FAILURE)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket: what refuses to open it is a problem, what ends it has a code."""
        is_open = is_answered = False

        async def send_problem(message: Message) -> None:
            nonlocal is_open, is_answered
            kind = message["type"]
            if is_open and kind == ANSWER:
                # An error that would be an answer: too late for one.
                await send(close_for(message["status"]))
            elif kind == "websocket.close" and not is_answered:
                is_answered = True
                is_found = name_route(scope) != UNMATCHED
                status, detail = (403, "it may not be opened") if is_found else (404, "Not Found")
                refusal = self._problem(status, message.get("reason") or detail)
                await refusal(scope, receive, send)
            elif not (is_open and kind == ANSWER_BODY):
                is_answered = True
                is_open = is_open or kind == "websocket.accept"
                await send(message)

        try:
            await self._app(scope, receive, send_problem)
        except Exception as error:
            note_error(error)
            logger.exception("websocket failed", path=scope["path"])
            if is_open:
                # Where the client, or the server, has closed it meanwhile, nobody hears it.
                with suppress(OSError, RuntimeError):
                    await send(close_for(500))
            elif not is_answered:
                await self._problem(500, OUR_FAILURE)(scope, receive, send)

    async def _replace(self, start: Message, text: bytes, request: tuple[Any, ...]) -> None:
        response = self._problem(start["status"], text.decode("utf-8", "replace"))
        # Not as a mapping: some headers, such as Set-Cookie, come several times.
        kept = (header for header in start["headers"] if header[0].lower() not in OF_THE_BODY)
        response.raw_headers.extend(kept)
        await response(*request)


def close_for(status: int) -> Message:
    """Return what closes a WebSocket for an error that would be an answer with this status."""
    code = INTERNAL_ERROR if status >= FIRST_FAILURE else POLICY_VIOLATION
    return {"type": "websocket.close", "code": TRY_LATER if status == UNAVAILABLE else code}


def is_plain_error(start: Message) -> bool:
    """Tell whether an answer is an error in plain text."""
    if start["status"] < FIRST_ERROR:
        return False
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")
