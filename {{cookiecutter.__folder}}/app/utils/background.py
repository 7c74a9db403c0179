"""Work that goes on beside a block of code, and what of its cancellations is a failure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.utils.logger import Logger
from app.utils.watchdog import INSIST_SECONDS

logger = Logger(__name__)


@asynccontextmanager
async def run_in_background(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Do this work, which has no end of its own, while the block runs; then cancel it.

    It is cancelled again as long as it goes on: libraries may swallow a cancellation.
    """
    tasks = {asyncio.create_task(each) for each in work}
    try:
        yield
    finally:
        going_on = set(tasks)
        while going_on:
            for task in going_on:
                task.cancel()
            _, going_on = await asyncio.wait(going_on, timeout=INSIST_SECONDS)
        await asyncio.gather(*tasks, return_exceptions=True)


async def repeat(
    work: Callable[[], Awaitable[None]],
    seconds: float,
    *,
    failure: str = "work in the background failed",
    **fields: object,
) -> None:
    """Do some work for ever, with a pause behind it each time, whatever becomes of it.

    A failure is logged with these words and fields: with its traceback, unless it is an outage.
    """
    task = asyncio.current_task()
    while True:
        try:
            await work()
        except Exception as error:
            if getattr(error, "is_outage", False):
                logger.failure(failure, error, work=work.__qualname__, **fields)
            else:
                logger.exception(failure, work=work.__qualname__, **fields)
        # Some libraries swallow a cancellation that reaches them as they close.
        if task and task.cancelling():
            return
        await asyncio.sleep(seconds)


@contextmanager
def stray_cancellation_fails() -> Iterator[None]:
    """Raise RuntimeError where what the block waits for was cancelled, and not its own task."""
    try:
        yield
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        raise RuntimeError("what it waited for was cancelled") from error
