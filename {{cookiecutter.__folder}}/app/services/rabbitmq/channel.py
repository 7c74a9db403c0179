"""Channels to RabbitMQ, each for a block."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aio_pika import Channel, RobustConnection
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import FAILURES, recognise_loss, translate_failures
from app.utils.broker_errors import BrokerUnavailableError


@asynccontextmanager
async def open_channel(connection: RobustConnection | None) -> AsyncIterator[AbstractChannel]:
    """Open a channel for the block: some mistakes close the channel that they are made on."""
    if connection is None:
        raise BrokerUnavailableError("not connected")
    channel = Channel(connection, on_return_raises=True)
    try:
        with translate_failures():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.initialize()
        yield channel
    finally:
        await close_channel(channel)


async def close_channel(channel: AbstractChannel) -> None:
    """Close a channel, which may be lost, as far as that can be done in time."""
    if channel.is_initialized:
        with suppress(*FAILURES), recognise_loss():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await channel.close()
