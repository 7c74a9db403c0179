"""Messages as RabbitMQ carries them."""

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from app.utils.broker_errors import MessageRefusedError
from app.utils.envelope import Envelope

PREFIX = "cloudEvents:"  # of application properties, as the AMQP binding of CloudEvents 1.0 says
# RabbitMQ 4 takes this much, unless told otherwise; 3 took more.
MAX_BYTES = 16 * 1024 * 1024
# A server ends the whole connection when the headers fill more than a frame, of 128 KiB.
MAX_HEADER_BYTES = 96 * 1024
MAX_NAME_BYTES = 255
COUNT_HEADER = "x-delivery-count"
# What the server says of a message's way is of no use any more once it is sent on.
SERVER_HEADERS = (COUNT_HEADER, "x-death", "x-first-death-", "x-last-death-", "x-acquired-count")


def write_message(message: Envelope, message_id: str | None) -> Message:
    """Return the message for RabbitMQ; raises MessageRefusedError if it would not take it."""
    if len(message.body) > MAX_BYTES:
        raise MessageRefusedError(
            f"{message.topic}: {len(message.body)} bytes are too many, the most are {MAX_BYTES}"
        )
    if count_bytes(message.topic) > MAX_NAME_BYTES:
        raise MessageRefusedError(
            f"{message.topic[:40]}...: a topic's name has at most {MAX_NAME_BYTES} bytes"
        )
    if message.headers:
        check_headers(message)
    return Message(
        message.body,
        message_id=message_id,
        type=message.topic,
        timestamp=message.time,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers=dict(message.to_headers(PREFIX)),
    )


def check_headers(message: Envelope) -> None:
    """Raise MessageRefusedError for headers that RabbitMQ would not take."""
    size = sum(count_bytes(name) + count_bytes(text) for name, text in message.headers.items())
    if size > MAX_HEADER_BYTES:
        raise MessageRefusedError(
            f"{message.topic}: {size} bytes of headers are too many, the most are "
            f"{MAX_HEADER_BYTES}"
        )


def count_bytes(text: str) -> int:
    """Return how long the text is on the wire, even if it cannot be written there."""
    return len(text.encode("utf-8", "surrogatepass"))


def read_message(incoming: AbstractIncomingMessage) -> Envelope:
    """Return the message that RabbitMQ delivered, whoever sent it."""
    return Envelope.from_headers(
        {
            name: value if isinstance(value, str) else write_value(value)
            for name, value in incoming.headers.items()
            if not name.startswith(SERVER_HEADERS)
        },
        incoming.body,
        prefix=PREFIX,
        topic=incoming.routing_key or "",
        fallback_id=incoming.message_id or "",
        content_type=incoming.content_type,
    )


def write_value(value: object) -> str:
    """Return a header's value, which has many types here, as the text that it is elsewhere."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)


def read_count(incoming: AbstractIncomingMessage) -> int:
    """Return how often the queue delivered this message before."""
    count = incoming.headers.get(COUNT_HEADER, 0)
    return count if isinstance(count, int) else 0
