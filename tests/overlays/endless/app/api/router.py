"""Requests that end at once, soon, and never."""

import asyncio
import time

from fastapi import APIRouter, Request

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
