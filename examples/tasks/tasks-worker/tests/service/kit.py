"""What tests of tasks share."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.domain import service
from app.domain.models import Task
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container

PATIENCE_SECONDS = 30.0
QUICK: dict[str, Any] = {"limit": 1000}
# Longer than any test waits for it.
LONG: dict[str, Any] = {"limit": 10_000_000_000}


async def start(opened: Container, kind: str = "primes", **parameters: Any) -> int:
    """Create and start a task; return its number."""
    async with opened[UnitOfWorkFactory]() as uow:
        task = await service.create_task(uow, kind, parameters or QUICK)
        await service.start_task(uow, task.number)
        return task.number


async def find(opened: Container, number: int) -> Task:
    """Return a task as it is now."""
    async with opened[UnitOfWorkFactory](read_only=True) as uow:
        return await service.get_task(uow, number)


async def wait_for(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is as the test wants it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await look():
                return
            await asyncio.sleep(0.02)


async def wait_for_status(opened: Container, number: int, status: str) -> Task:
    """Return a task as soon as it has a status."""

    async def look() -> bool:
        return (await find(opened, number)).status == status

    await wait_for(look)
    return await find(opened, number)
