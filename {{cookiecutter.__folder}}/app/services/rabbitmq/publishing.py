"""Publishing to RabbitMQ, and errors that say whether it would help to try again."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from aio_pika import Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import ChannelClosed, DeliveryError
from aio_pika.exceptions import PublishError as ReturnedError

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import describe, recognise_loss
from app.utils.broker_errors import (
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)

ASK_SECONDS = 2.0
# What the server says when it closes the channel, to all whose messages were on their way on it.
FORBIDDEN = re.compile(r"ACCESS_REFUSED - (?:write )?access to topic '(.*)' in exchange")
TOO_LARGE = re.compile(r"message size (\d+) is larger than")

Ask = Callable[[], Awaitable[object]]
"""Raise unless the server answers."""


async def publish(
    exchange: AbstractExchange | None, key: str, outgoing: Message, ask: Ask | None = None
) -> None:
    """Publish, and return when the server has confirmed; raises PublishError within seconds.

    When nothing is confirmed in time, `ask` tells whether the server is gone, or a queue.
    """
    if exchange is None:
        raise PublishError("not connected")
    try:
        with recognise_loss():
            await exchange.publish(outgoing, key, timeout=TIMEOUT_SECONDS)
    except ReturnedError as error:
        raise UnroutableError(f"{key}: no queue gets this message") from error
    except DeliveryError as error:
        raise TopicUnavailableError(f"{key}: a queue refuses this message, is it full?") from error
    except (TypeError, UnicodeEncodeError) as error:
        # It cannot be encoded, such as a name of more than 255 bytes.
        raise MessageRefusedError(f"{key!a}: {describe(error)}") from error
    except ChannelClosed as error:
        raise explain_closing(error, key, outgoing) from error
    except TimeoutError as error:
        if ask is None or not await is_answering(ask):
            raise PublishError(f"{key}: {describe(error)}") from error
        reason = f"a queue has not confirmed in {TIMEOUT_SECONDS:.0f} s, although RabbitMQ answers"
        raise TopicUnavailableError(f"{key}: {reason}") from error
    except Exception as error:
        # Whatever ended the channel, the client hands on.
        raise PublishError(f"{key}: {describe(error)}") from error


def explain_closing(error: ChannelClosed, key: str, outgoing: Message) -> PublishError:
    """Return the error of one of the messages that were on their way on a channel.

    The server closes the channel because of one message, and names it by what was wrong with it.
    """
    text = str(error)
    forbidden, large = FORBIDDEN.search(text), TOO_LARGE.search(text)
    if forbidden and forbidden[1] == key:
        return TopicUnavailableError(f"{key}: the user may not publish to this topic")
    if large and int(large[1]) == len(outgoing.body):
        return MessageRefusedError(f"{key}: a message of {large[1]} bytes is too large")
    return PublishError(f"{key}: {describe(error)}")


async def is_answering(ask: Ask) -> bool:
    """Tell whether the server answers, which does not take what is published when it is full."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await ask()
    except Exception:  # noqa: BLE001 - whatever it is, the server does not answer
        return False
    return True
