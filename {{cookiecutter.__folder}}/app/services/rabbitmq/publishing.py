"""Publishing to RabbitMQ, and errors that say whether it would help to try again."""

from aio_pika import Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import PublishError as ReturnedError

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import describe, recognise_loss
from app.utils.broker_errors import MessageRefusedError, PublishError, UnroutableError


async def publish(exchange: AbstractExchange | None, key: str, outgoing: Message) -> None:
    """Publish, and return when the server has confirmed; raises PublishError within seconds."""
    if exchange is None:
        raise PublishError("not connected")
    try:
        with recognise_loss():
            await exchange.publish(outgoing, key, timeout=TIMEOUT_SECONDS)
    except ReturnedError as error:
        raise UnroutableError(f"{key}: no queue gets this message") from error
    except (TypeError, UnicodeEncodeError) as error:
        # It cannot be encoded, such as a name of more than 255 bytes.
        raise MessageRefusedError(f"{key!a}: {describe(error)}") from error
    except Exception as error:
        # Whatever ended the channel, the client hands on.
        raise PublishError(f"{key}: {describe(error)}") from error
