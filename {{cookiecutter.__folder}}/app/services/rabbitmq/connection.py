"""Connections to RabbitMQ that come back by themselves."""

import asyncio
from contextlib import suppress
from urllib.parse import quote, unquote

from aio_pika import RobustConnection
from aio_pika.exceptions import InvalidFrameError
from yarl import URL

from app.core.rabbitmq_url import read_rabbitmq_url
from app.core.server_url import ServerUrl
from app.services.rabbitmq.errors import FAILURES, recognise_loss, translate_failures
from app.services.rabbitmq.tolerant_reader import TolerantConnection
from app.services.rabbitmq.transport import ServerTransport
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError

TIMEOUT_SECONDS = 10.0
RETRY_SECONDS = 1.0
# A connection that was cut without a word is noticed after three of these.
HEARTBEAT_SECONDS = 15


async def open_connection(url: str) -> RobustConnection:
    """Connect; from then on the connection is made again whenever it was lost.

    Raises BrokerUnavailableError or BrokerRefusedError.
    """
    parts = read_rabbitmq_url(url)
    transport = ServerTransport(parts)
    connection = TolerantConnection(write_address(parts), transport)
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
        if isinstance(error, BrokerUnavailableError) and (
            refusal := await transport.find_refusal()
        ):
            raise BrokerRefusedError(refusal) from error
        raise
    return connection


def write_address(parts: ServerUrl) -> URL:
    """Return the URL that the client understands; the way to the servers is our own."""
    options = parts.options
    query = {
        "heartbeat": options.get("heartbeat", HEARTBEAT_SECONDS),
        "reconnect_interval": RETRY_SECONDS,
        "auth": options.get("auth_mechanism", "plain"),
    }
    if "name" in options:
        query["name"] = options["name"]
    vhost = unquote(parts.path[1:]) or "/"
    host, port = parts.hosts[0]
    return URL.build(
        scheme=parts.scheme,
        user=quote(parts.user, safe="") if parts.user else None,
        password=quote(parts.password, safe="") if parts.password else None,
        host=host,
        port=port,
        path=f"/{quote(vhost, safe='')}",
        # A virtual host with a slash or a percent sign would be encoded twice.
        encoded=True,
    ).with_query(query)


async def close_connection(connection: RobustConnection) -> None:
    """Close a connection, as far as that can be done in time."""
    with suppress(*FAILURES), recognise_loss():
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await connection.close()
