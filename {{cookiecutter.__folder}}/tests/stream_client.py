"""A stream, and a client of streams that talks to the application without a network."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse
from prometheus_client import REGISTRY
from starlette.types import Message, Scope

from app.utils.container import Container


class Ticks:
    """A stream of numbers, whose generator says how it ended."""

    def __init__(self, app: FastAPI, most: int | None = None) -> None:
        self.has_ended = asyncio.Event()

        @app.get("/test/ticks", response_class=EventSourceResponse)
        async def tick() -> AsyncIterator[int]:
            number = 0
            try:
                while most is None or number < most:
                    yield number
                    number += 1
                    if most is None:
                        await asyncio.Event().wait()
            finally:
                self.has_ended.set()


class Client:
    """One connection to the application, which its test reads and writes."""

    def __init__(
        self,
        app: FastAPI,
        path: str,
        kind: str = "http",
        *,
        query: bytes = b"",
        opened: Container | None = None,
        **headers: bytes,
    ) -> None:
        sent = [(b"host", b"test"), *((name.encode(), each) for name, each in headers.items())]
        self.scope: Scope = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": kind,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": sent,
            "state": {} if opened is None else {"opened": opened},
            "extensions": {"websocket.http.response": {}},
        }
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        if kind == "websocket":
            self.coming.put_nowait({"type": "websocket.connect"})
        else:
            self.coming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.task = asyncio.create_task(app(self.scope, self.coming.get, self.sent.put))

    async def take(self) -> Message:
        async with asyncio.timeout(10):
            return await self.sent.get()

    async def begin(self) -> bytes:
        """Return the first piece of an answer of 200."""
        assert (await self.take())["status"] == 200
        body: bytes = (await self.take())["body"]
        return body

    async def end(self) -> list[Message]:
        """Return what was still sent, when the application has ended."""
        async with asyncio.timeout(10):
            await self.task
        return [self.sent.get_nowait() for _ in range(self.sent.qsize())]

    async def leave(self) -> None:
        """Close the connection, and wait until the application has noticed."""
        is_socket = self.scope["type"] == "websocket"
        kind = "websocket.disconnect" if is_socket else "http.disconnect"
        self.coming.put_nowait({"type": kind, "code": 1000})
        await self.end()


def count(kind: str, outcome: str) -> float:
    labels = {"kind": kind, "outcome": outcome}
    return REGISTRY.get_sample_value("http_streams_ended_total", labels) or 0


def count_open(kind: str) -> float:
    return REGISTRY.get_sample_value("http_streams_open", {"kind": kind}) or 0
