"""Streams, which have no end of their own: server-sent events and WebSockets."""

import asyncio
import time

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from app.core.draining_server import streams
from app.core.metrics import HTTP_STREAMS, HTTP_STREAMS_ENDED
from app.core.middleware import name_route
from app.core.readings import show_zeros
from app.utils.logger import Logger
from app.web.errors import RETRY_SECONDS, MakeProblem

logger = Logger(__name__)

EVENTS, WEBSOCKET = "events", "websocket"
OUTCOMES = ("ended", "failed", "left", "refused", "stopped")
HEADERS = {"retry-after": str(RETRY_SECONDS)}
FULL = "too many streams are open, try later"
# A handler that does not notice that its WebSocket is closed is cancelled after this.
NOTICE_SECONDS = 2.0
LEFT: Message = {"type": "http.disconnect"}


class Streams:
    """Limit how many streams are open, count them, and end them when the server closes.

    Server-sent events then end as if their generator had ended; WebSockets are closed with 1012,
    service restart. Clients connect again, and reach another process. What has an end of its own,
    such as a download, has the grace period.
    """

    def __init__(
        self, app: ASGIApp, most: int, origins: tuple[str, ...], problem: MakeProblem
    ) -> None:
        """Wrap the application; pages of these origins may open WebSockets, and its own."""
        self._app = app
        self._most = most
        self._origins = origins
        self._problem = problem
        self._open = 0
        show_zeros(HTTP_STREAMS_ENDED, [EVENTS, WEBSOCKET], OUTCOMES)
        for kind in (EVENTS, WEBSOCKET):
            HTTP_STREAMS.labels(kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; the lifespan passes through."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            headers = HTTPConnection(scope).headers
            if self._is_foreign(headers.get("origin"), headers.get("host")):
                refusal = self._problem(403, "pages of this origin may not open it")
                await refusal(scope, receive, send)
            elif self._is_full(WEBSOCKET):
                await self._problem(503, FULL, headers=HEADERS)(scope, receive, send)
            else:
                await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_full(self, kind: str) -> bool:
        """Tell, and count, that there is no room for another one."""
        if self._open < self._most:
            return False
        HTTP_STREAMS_ENDED.labels(kind, "refused").inc()
        return True

    def _is_foreign(self, origin: str | None, host: str | None) -> bool:
        """Tell whether it is a page of another site: browsers let all of them, with cookies."""
        if origin is None or "*" in self._origins or origin in self._origins:
            return False
        return origin.partition("://")[2] != host

    def _count(self, kind: str, change: int) -> None:
        self._open += change
        HTTP_STREAMS.labels(kind).inc(change)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(receive)
        is_open = is_refused = has_ended = False
        outcome = "failed"

        async def send_watched(message: Message) -> None:
            nonlocal is_open, is_refused, has_ended
            if is_refused:
                return
            if message["type"] == "http.response.body":
                has_ended = not message.get("more_body", False)
            elif is_event_stream(message):
                if self._is_full(EVENTS):
                    is_refused = True
                    request.over.set()
                    await self._problem(503, FULL, headers=HEADERS)(scope, receive, send)
                    return
                is_open = True
                self._count(EVENTS, +1)
                scope["stream_began_at"] = time.perf_counter()
                scope.get("leave_limit", bool)()
                streams.add(request.over.set)
            await send(message)

        try:
            await self._app(scope, request.receive, send_watched)
            outcome = "ended" if has_ended else "stopped" if request.over.is_set() else "left"
            if is_open and outcome == "stopped":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if is_open:
                self._count(EVENTS, -1)
                streams.remove(request.over.set)
                HTTP_STREAMS_ENDED.labels(EVENTS, outcome).inc()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket, which the server closes itself when it stops."""
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(None)
        outcome = "failed"

        def cancel_later() -> None:
            limit.reschedule(loop.time() + NOTICE_SECONDS)

        self._count(WEBSOCKET, +1)
        try:
            async with limit:
                streams.add(cancel_later)
                await self._app(scope, receive, send)
            outcome = "ended" if limit.when() is None else "stopped"
        except WebSocketDisconnect:
            # It was sent to when it had been closed already: nobody's failure.
            outcome = "left" if limit.when() is None else "stopped"
        except TimeoutError:
            if not limit.expired():
                raise
            outcome = "stopped"
        finally:
            streams.remove(cancel_later)
            self._count(WEBSOCKET, -1)
            HTTP_STREAMS_ENDED.labels(WEBSOCKET, outcome).inc()
            logger.info(
                "websocket closed",
                route=name_route(scope),
                outcome=outcome,
                seconds=round(time.perf_counter() - started, 1),
            )


class Request:
    """What a request receives, also when it is only the end of its stream that it waits for."""

    def __init__(self, receive: Receive) -> None:
        """Begin with a request of which nothing has been received."""
        self._receive = receive
        self._is_whole = False
        self.over = asyncio.Event()
        """Whether its answer, a stream, is to end."""

    async def receive(self) -> Message:
        """Return what comes from the client; that it has left, when its stream is over."""
        if not self._is_whole:
            message = await self._receive()
            self._is_whole = not message.get("more_body", False)
            return message
        coming = asyncio.ensure_future(self._receive())
        over = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait([coming, over], return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else LEFT
        finally:
            coming.cancel()
            over.cancel()


def is_event_stream(message: Message) -> bool:
    """Tell whether an answer that begins is one of server-sent events."""
    kinds = (value for name, value in message.get("headers", ()) if name == b"content-type")
    return next(kinds, b"").partition(b";")[0].strip().lower() == b"text/event-stream"
