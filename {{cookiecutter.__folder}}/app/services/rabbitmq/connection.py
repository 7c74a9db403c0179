"""Connections to RabbitMQ that come back by themselves."""

import asyncio
from contextlib import suppress

from aio_pika import RobustConnection
from aio_pika.connection import make_url
from aio_pika.exceptions import InvalidFrameError

from app.services.rabbitmq.errors import FAILURES, recognise_loss, translate_failures
from app.utils.broker_errors import BrokerRefusedError

TIMEOUT_SECONDS = 10.0
RETRY_SECONDS = 1.0
# A connection that was cut without a word is noticed after three of these.
HEARTBEAT_SECONDS = 15


async def open_connection(url: str) -> RobustConnection:
    """Connect; from then on the connection is made again whenever it was lost.

    Raises BrokerUnavailableError or BrokerRefusedError.
    """
    address = make_url(url)
    defaults = {"heartbeat": HEARTBEAT_SECONDS, "reconnect_interval": RETRY_SECONDS}
    connection = RobustConnection(address.with_query({**defaults, **address.query}))
    try:
        with translate_failures():
            await connection.connect(timeout=TIMEOUT_SECONDS)
    except BaseException as error:
        await close_connection(connection)
        if isinstance(error.__cause__, InvalidFrameError):
            raise BrokerRefusedError(
                "RabbitMQ lets the user in, but not into the virtual host: "
                "create it, or let the user use it"
            ) from error
        raise
    return connection


async def close_connection(connection: RobustConnection) -> None:
    """Close a connection, as far as that can be done in time."""
    with suppress(*FAILURES), recognise_loss():
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await connection.close()
