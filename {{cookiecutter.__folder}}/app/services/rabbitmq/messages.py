"""Messages as RabbitMQ carries them."""

from dataclasses import replace
from datetime import UTC, datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.field_tables import MAX_NAME_BYTES, write_value
from app.utils.broker_errors import MessageRefusedError
from app.utils.envelope import Envelope, shorten

PREFIX = "cloudEvents:"  # of application properties, as the AMQP binding of CloudEvents 1.0 says
# RabbitMQ 4 takes this much, unless told otherwise; 3 took more.
MAX_BYTES = 16 * 1024 * 1024
# All headers travel in one frame, and the server ends the whole connection for a longer one.
FRAME_BYTES = 128 * 1024
# Of that frame, what is not for headers: the other properties, and what the server adds.
RESERVED_BYTES = 4 * 1024
MAX_HEADER_BYTES = FRAME_BYTES - RESERVED_BYTES
"""What a message's headers may have in all, until a server has agreed on less."""
# The most that one character takes, and what there is beside each header.
CHARACTER_BYTES, HEADER_BYTES = 4, 6
MAX_SHORT_BYTES = 255
# What a timestamp of AMQP can say, and what other clients do not take for milliseconds.
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME = datetime(2106, 1, 1, tzinfo=UTC)
MAX_DIGITS = 6
COUNT_HEADER = "x-delivery-count"
# Ours: how many processes died of a suspect before it was sent to its queue again.
DEATHS_HEADER = "suspect-deaths"
# And how many outages its handler met.
OUTAGES_HEADER = "suspect-outages"
# What the server says of a message's way is of no use any more once it is sent on.
SERVER_HEADERS = (
    COUNT_HEADER,
    DEATHS_HEADER,
    OUTAGES_HEADER,
    "x-death",
    "x-first-death-",
    "x-last-death-",
    "x-acquired-count",
)


def write_message(message: Envelope, header_bytes: int) -> Message:
    """Return a new message for RabbitMQ; raises MessageRefusedError if it would not take it."""
    if len(message.body) > MAX_BYTES:
        raise MessageRefusedError(
            f"{message.topic}: {len(message.body)} bytes are too many, the most are {MAX_BYTES}"
        )
    if count_bytes(message.topic) > MAX_SHORT_BYTES:
        raise MessageRefusedError(
            f"{message.topic[:40]}...: a topic's name has at most {MAX_SHORT_BYTES} bytes"
        )
    written = write_copy(message, header_bytes)
    # The client tells by it which message came back; the whole id is a header.
    written.message_id = fit(message.id)
    return written


def write_copy(message: Envelope, header_bytes: int) -> Message:
    """Return a message that RabbitMQ delivered, to be sent on; it may be as large as it was.

    Raises MessageRefusedError for more headers than there is room for. It has no message id: two
    groups may send the same message at the same time, and the client tells by the id which one
    came back.
    """
    # Not every moment can be a timestamp. The header says the time, too, of all of them.
    is_timestamp = FIRST_TIME <= message.time < LAST_TIME
    return Message(
        message.body,
        type=fit(message.topic),
        timestamp=message.time if is_timestamp else None,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers=dict(write_headers(message, header_bytes)),
    )


def write_headers(message: Envelope, most: int) -> dict[str, str]:
    """Return the headers of a message; raises MessageRefusedError for too many."""
    headers = message.to_headers(PREFIX)
    if any(len(name) * CHARACTER_BYTES > MAX_NAME_BYTES for name in message.headers):
        headers = {fit_name(name): value for name, value in headers.items()}
    # Counted in bytes only where it might be too much.
    if count_characters(headers) * CHARACTER_BYTES > most:
        size = sum(
            count_bytes(name) + count_bytes(value) + HEADER_BYTES for name, value in headers.items()
        )
        if size > most:
            raise MessageRefusedError(
                f"{message.topic[:40]}: {size} bytes of headers are too many, the most are {most}"
            )
    return headers


def count_characters(headers: dict[str, str]) -> int:
    """Return how many characters headers have, and what is beside each, at least."""
    return sum(map(len, headers)) + sum(map(len, headers.values())) + HEADER_BYTES * len(headers)


def count_bytes(text: str) -> int:
    """Return how long the text is on the wire, even if it cannot be written there."""
    return len(text.encode("utf-8", "surrogatepass"))


def fit(text: str) -> str | None:
    """Return a text that a property has room for; None for a longer one, which is a header too."""
    return text if count_bytes(text) <= MAX_SHORT_BYTES else None


def fit_name(name: str) -> str:
    """Return a header's name that the client does not cut off; different ones stay different."""
    return shorten(name.encode("utf-8", "surrogatepass"), MAX_NAME_BYTES)


async def count_header_bytes(channel: AbstractChannel) -> int:
    """Return how many bytes of headers a message may have on this channel."""
    underlay = await channel.get_underlay_channel()
    # What client and server have agreed on; 0 is no limit.
    frame = underlay.connection.connection_tune.frame_max or FRAME_BYTES
    return min(frame - RESERVED_BYTES, MAX_HEADER_BYTES)


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


def read_count(incoming: AbstractIncomingMessage) -> int:
    """Return how often the queue delivered this message before."""
    return read_number(incoming.headers.get(COUNT_HEADER))


def read_deaths(incoming: AbstractIncomingMessage) -> int:
    """Return how many processes died of a message in the queue of suspects."""
    return read_count(incoming) + read_number(incoming.headers.get(DEATHS_HEADER))


def read_outages(incoming: AbstractIncomingMessage) -> int:
    """Return how many outages the handler of a suspect met before it was handed back."""
    return read_number(incoming.headers.get(OUTAGES_HEADER))


def write_suspect(message: Envelope, deaths: int, outages: int = 0) -> Envelope:
    """Return a suspect for its queue, where it is known how many processes died of it."""
    moved = message.move(message.attempt)
    counts = {DEATHS_HEADER: str(deaths), OUTAGES_HEADER: str(outages)}
    return replace(moved, headers={**moved.headers, **counts})


def read_number(value: object) -> int:
    """Return a count that a header says; 0 if it says none."""
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < MAX_DIGITS:
        return int(value)
    return max(0, value) if isinstance(value, int) else 0
