"""Looking into queues of RabbitMQ: what is there, and what is removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aio_pika import RobustConnection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.channel import open_channel
from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import FAILURES, translate_failures
from app.services.rabbitmq.messages import read_message
from app.services.rabbitmq.topology import count_messages
from app.utils.broker_errors import BrokerError
from app.utils.envelope import Envelope

GIVE_BACK_SECONDS = 0.02


async def browse_queue(connection: RobustConnection | None, place: str) -> AsyncIterator[Envelope]:
    """Yield what a queue holds now, oldest first; it gets them back at the end."""
    async with open_channel(connection) as channel:
        last, held = None, 0
        try:
            async for last in get_all(connection, channel, place):
                held += 1
                yield read_message(last)
        finally:
            await give_back(connection, place, last, held)


async def sift_queue(
    connection: RobustConnection | None, place: str, keep: Callable[[Envelope], Awaitable[bool]]
) -> None:
    """Ask about each message that a queue holds now; it gets those back that are kept."""
    async with open_channel(connection) as channel:
        last, held = None, 0
        try:
            async for taken in get_all(connection, channel, place):
                # Held also if the question fails.
                before, last, held = last, taken, held + 1
                if not await keep(read_message(taken)):
                    with translate_failures():
                        await taken.ack()
                    last, held = before, held - 1
        finally:
            await give_back(connection, place, last, held)


async def get_all(
    connection: RobustConnection | None, channel: AbstractChannel, place: str
) -> AsyncIterator[AbstractIncomingMessage]:
    """Take what a queue holds now, without acknowledging it."""
    count = await count_messages(connection, place)
    queue = await channel.get_queue(place, ensure=False)
    for _ in range(count or 0):
        with translate_failures():
            taken = await queue.get(fail=False, timeout=TIMEOUT_SECONDS)
        if taken is None:
            return
        yield taken


async def give_back(
    connection: RobustConnection | None,
    place: str,
    last: AbstractIncomingMessage | None,
    count: int,
) -> None:
    """Return what was taken from a queue, up to the last, and wait until the queue has it."""
    if last is None:
        return
    with suppress(BrokerError, *FAILURES):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await last.nack(multiple=True)
            # Who looks again at once would find less, and no event tells when it is there.
            while (await count_messages(connection, place) or 0) < count:  # noqa: ASYNC110
                await asyncio.sleep(GIVE_BACK_SECONDS)
