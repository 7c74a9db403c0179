"""Starting clients of Kafka: all the way, also when nobody waits for them any more."""

import asyncio
from contextlib import suppress
from typing import Any

from app.services.kafka.errors import FAILURES

START_SECONDS = 5.0


async def start_client(client: Any) -> None:
    """Start a consumer or an administrator; whoever asked for it stops it too.

    Cancelled, it first lets the start come to an end, for some seconds: aiokafka would leave the
    connection open over which it asks for the servers.
    """
    starting = asyncio.create_task(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(*FAILURES):
            async with asyncio.timeout(START_SECONDS):
                await starting
        raise
