"""Sending to RabbitMQ, whatever the size: what the server refuses harms nothing else."""

from functools import partial

from aio_pika import Message, RobustConnection
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import ChannelPreconditionFailed

from app.services.rabbitmq.channel import open_channel
from app.services.rabbitmq.publishing import publish
from app.utils.broker_errors import BrokerUnavailableError, MessageRefusedError, PublishError

# A server ends the channel on which a message comes that is larger than it allows, and tells the
# limit to nobody. So what could be too large for one has a channel of its own.
LARGE_BYTES = 1024 * 1024


async def send(
    connection: RobustConnection | None,
    exchange: AbstractExchange | None,
    key: str,
    outgoing: Message,
) -> None:
    """Publish, and return when the server has confirmed; raises PublishError within seconds."""
    if outgoing.body_size <= LARGE_BYTES or exchange is None:
        try:
            await publish(exchange, key, outgoing, partial(ask, connection))
        except MessageRefusedError:
            raise
        except PublishError as error:
            # Another message, on its way on the same channel, was too large.
            if not isinstance(error.__cause__, ChannelPreconditionFailed):
                raise
        else:
            return
    await send_alone(connection, exchange, key, outgoing)


async def send_alone(
    connection: RobustConnection | None,
    exchange: AbstractExchange | None,
    key: str,
    outgoing: Message,
) -> None:
    """Publish on a channel of its own; raises MessageRefusedError if the message ends it."""
    try:
        async with open_channel(connection) as channel:
            name = exchange.name if exchange else ""
            alone = await channel.get_exchange(name, ensure=False)
            await publish(alone, key, outgoing, partial(ask, connection))
    except BrokerUnavailableError as error:
        raise PublishError(f"{key}: {error}") from error
    except PublishError as error:
        if isinstance(error.__cause__, ChannelPreconditionFailed):
            raise MessageRefusedError(f"{key}: {error.__cause__}") from error
        raise


async def ask(connection: RobustConnection | None) -> None:
    """Raise BrokerUnavailableError unless the server answers."""
    async with open_channel(connection):
        pass
