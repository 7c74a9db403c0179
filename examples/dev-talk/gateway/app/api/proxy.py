"""Handing a request on to a service, and its answer back, without keeping either in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing

from aiohttp import ClientResponse
from fastapi import APIRouter, Request
from multidict import CIMultiDict
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.callers import check_caller
from app.resources import Resources

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# What belongs to a connection, and not to the request (RFC 9110, 7.6.1).
OF_THE_CONNECTION = {
    b"connection",
    b"host",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# What a client may say of itself only to those who trust it; ours are set below.
FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
OURS = {b"expect", b"traceparent", b"x-request-id"}
NOT_SENT = OF_THE_CONNECTION | FORWARDED | OURS
# What every answer of this service gets anyway.
NOT_RETURNED = OF_THE_CONNECTION | {
    b"content-security-policy",
    b"date",
    b"referrer-policy",
    b"server",
    b"strict-transport-security",
    b"x-content-type-options",
    b"x-request-id",
}
# A body up to this size is read before the answer begins, so that a service that dies meanwhile is
# a 503 and no broken answer.
SMALL_BYTES = 65_536


class StreamedAnswer(StreamingResponse):
    """An answer on its way through: it lets go of its service when a client does not read on."""

    def __init__(self, parts: AsyncGenerator[bytes], status: int, *, seconds: float) -> None:
        """Give the client so many seconds for each part."""
        super().__init__(parts, status)
        self._parts = parts
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the parts; raises TimeoutError, with which the server cuts the connection."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._seconds):
                await send(message)

        async with aclosing(self._parts):
            await super().__call__(scope, receive, send_in_time)


def forward_to(name: str, route: str) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers requests for a route by asking the service of this name."""

    async def forward(request: Request) -> Response:
        await check_caller(request)
        resources: Resources = request.state.opened[Resources]
        upstream = resources.upstreams[name]
        body = request.stream() if has_body(request) else None
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(
                upstream.send(
                    request.method,
                    name_target(request),
                    pick_headers(request),
                    body,
                    route=route,
                )
            )
            parts = await stack.enter_async_context(aclosing(upstream.read_parts(answer)))
            response: Response
            if is_small(answer):
                response = Response(b"".join([part async for part in parts]), answer.status)
            else:
                # Until its first part is there, an answer that breaks off can be told as an error.
                first = await anext(parts, b"")
                passed = stream(first, parts, stack.pop_all())
                response = StreamedAnswer(passed, answer.status, seconds=upstream.idle_seconds)
        response.raw_headers = pick_returned(answer)
        return response

    return forward


def is_small(answer: ClientResponse) -> bool:
    """Tell whether an answer says that it is small."""
    return answer.content_length is not None and answer.content_length <= SMALL_BYTES


async def stream(
    first: bytes, parts: AsyncIterator[bytes], stack: AsyncExitStack
) -> AsyncGenerator[bytes]:
    """Yield the parts of an answer as they come, and let go of it in the end."""
    async with stack:
        yield first
        async for part in parts:
            yield part


def has_body(request: Request) -> bool:
    """Tell whether a request has a body."""
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


def name_target(request: Request) -> str:
    """Return the path and query as the client wrote them."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def pick_headers(request: Request) -> CIMultiDict[str]:
    """Return the headers that the service gets."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.scope["headers"]:
        if name not in NOT_SENT:
            headers.add(name.decode("latin-1"), value.decode("latin-1"))
    headers["x-request-id"] = request.state.request_id
    headers["x-forwarded-for"] = request.client.host if request.client else ""
    headers["x-forwarded-proto"] = request.scope["scheme"]
    headers["x-forwarded-host"] = request.headers.get("host", "")
    return headers


def pick_returned(answer: ClientResponse) -> list[tuple[bytes, bytes]]:
    """Return the headers that the client gets."""
    raw = ((name.lower(), value) for name, value in answer.raw_headers)
    return [(name, value) for name, value in raw if name not in NOT_RETURNED]


def make_router(name: str, paths: list[str]) -> APIRouter:
    """Return a router that hands requests for these paths on to a service.

    Each has a circuit breaker of its own, for answers that are late. What each can be asked stands
    in the service's document, which `app.api.documents` shows.
    """
    router = APIRouter(include_in_schema=False)
    for path in paths:
        router.add_api_route(path, forward_to(name, path), methods=METHODS, response_class=Response)
    return router
