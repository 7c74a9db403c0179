"""Stopping clients of Kafka: in time, and with nothing left open."""

import asyncio
from contextlib import suppress
from typing import Any

from app.services.kafka.client import TIMEOUT_SECONDS
from app.utils.logger import Logger

logger = Logger(__name__)

STOP_SECONDS = 5.0

_stopping: set[asyncio.Task[None]] = set()


async def stop_consumer(consumer: Any) -> None:
    """Stop a consumer; one that waits for its group goes on with that by itself."""
    task = asyncio.create_task(_stop(consumer))
    _stopping.add(task)
    task.add_done_callback(_stopping.discard)
    await asyncio.wait({task}, timeout=STOP_SECONDS)
    if task.done() and not task.cancelled() and (error := task.exception()):
        logger.debug("consumer not stopped in order", error=repr(error))


async def _stop(consumer: Any) -> None:
    try:
        await consumer.stop()
    finally:
        # It forgets its connections when a fetch that it cancels was about to be repeated.
        await consumer._client.close()


async def stop_producer(producer: Any) -> None:
    """Stop a producer, which by itself would wait for ever when nobody takes what it holds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS / 2):
            await producer.flush()
    sender = producer._sender.sender_task  # there is no public way to give up
    stopping = asyncio.ensure_future(producer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0.1)
    if not done:
        sender.cancel()
        await asyncio.wait({stopping}, timeout=TIMEOUT_SECONDS)
