"""Requests that end at once, soon, and never."""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, WebSocket
from fastapi.sse import EventSourceResponse

router = APIRouter(prefix="/test")


@router.get("/quick")
async def answer() -> str:
    """Answer at once."""
    return "ok"


@router.get("/slow")
async def answer_later() -> str:
    """Answer in a moment."""
    await asyncio.sleep(0.2)
    return "ok"


@router.get("/endless")
async def wait() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


@router.get("/stuck")
def sleep() -> None:
    """Block a thread, which nobody can end."""
    time.sleep(3600)


@router.post("/upload")
async def read(request: Request) -> int:
    """Read a body."""
    return len(await request.body())


@router.get("/events", response_class=EventSourceResponse)
async def tell() -> AsyncIterator[int]:
    """Tell the time for ever, and never ask whether the process is about to end."""
    while True:
        yield round(time.monotonic())
        await asyncio.sleep(0.05)


@router.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    """Say what is said."""
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


@router.websocket("/ticks")
async def tick(socket: WebSocket) -> None:
    """Talk for ever, and never listen."""
    await socket.accept()
    while True:
        await socket.send_text("tick")
        await asyncio.sleep(0.05)


@router.websocket("/deaf")
async def ignore(socket: WebSocket) -> None:
    """Neither talk nor listen."""
    await socket.accept()
    await asyncio.Event().wait()
