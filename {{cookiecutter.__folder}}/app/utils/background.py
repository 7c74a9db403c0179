"""Work that goes on beside a block of code."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

from app.utils.logger import Logger

logger = Logger(__name__)


@asynccontextmanager
async def run_in_background(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Do this work, which has no end of its own, while the block runs; then cancel it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def repeat(
    work: Callable[[], Awaitable[None]],
    seconds: float,
    *,
    failure: str = "work in the background failed",
    **fields: object,
) -> None:
    """Do some work for ever, with a pause behind it each time, whatever becomes of it.

    A failure is logged with these words and fields.
    """
    task = asyncio.current_task()
    while True:
        try:
            await work()
        except Exception:
            logger.exception(failure, work=work.__qualname__, **fields)
        # Some libraries swallow a cancellation that reaches them as they close.
        if task and task.cancelling():
            return
        await asyncio.sleep(seconds)
