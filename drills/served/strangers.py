"""What others send to a service's topics, and do to them: run in the service's own environment."""

import asyncio
import struct
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import aio_pika
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.services.kafka.client import read_url
from app.services.rabbitmq.queues import EXCHANGE

BODY = b"this is no JSON"
# Close to what the brokers take by default, so that there is no room for what a dead letter adds.
RABBITMQ_BYTES, KAFKA_BYTES = 16 * 2**20 - 64, 1_048_000
ANY_AGE = 2**63 - 1
METHOD, HEADER, CONTENT = 1, 2, 3
# By the flag of the property: its bytes, which the server passes on as they are.
CONTENT_TYPE, HEADERS, CORRELATION_ID, MESSAGE_ID, TIMESTAMP, TYPE, APP_ID = 15, 13, 10, 7, 6, 5, 3


def short(text: bytes) -> bytes:
    """Return a short string of AMQP."""
    return bytes([len(text)]) + text


def table(**values: bytes) -> bytes:
    """Return a table of AMQP; each value begins with the letter of its type."""
    body = b"".join(short(name.encode()) + value for name, value in values.items())
    return struct.pack(">I", len(body)) + body


def list_properties() -> Iterator[tuple[int, bytes]]:
    """Yield properties, one for each message, that a client library may be unable to read."""
    for seconds in (-1, -(2**63), 2**63 - 1, 1_700_000_000_000_000):
        yield TIMESTAMP, struct.pack(">q", seconds)
    for flag in (CONTENT_TYPE, CORRELATION_ID, MESSAGE_ID, TYPE, APP_ID):
        yield flag, short(b"\xff\xfe")
    yield HEADERS, table(moment=b"T" + struct.pack(">q", -1))
    yield HEADERS, table(text=b"S" + struct.pack(">I", 2) + b"\xff\xfe")
    name = b"\xff\xfe"
    yield HEADERS, struct.pack(">I", 4) + short(name) + b"V"
    yield HEADERS, table(**{"cloudEvents:id": b"S" + struct.pack(">I", 2) + b"\xc3\x28"})
    many = {
        f"header{number}": b"S" + struct.pack(">I", 1000) + b"x" * 1000 for number in range(100)
    }
    yield HEADERS, table(**many)


class Wire:
    """One channel to RabbitMQ on which every byte is ours."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection that was just made."""
        self._reader = reader
        self._writer = writer
        self._published = 0

    async def open(self, user: str, password: str, host: str) -> None:
        """Log in and open the channel, on which the server confirms what it has."""
        self._writer.write(b"AMQP\x00\x00\x09\x01")
        await self.receive(10, 10)
        secret = f"\0{user}\0{password}".encode()
        login = short(b"PLAIN") + struct.pack(">I", len(secret)) + secret + short(b"en_US")
        self.send(0, 10, 11, table() + login)
        limits = await self.receive(10, 30)
        self.send(0, 10, 31, limits)
        self.send(0, 10, 40, short(host.encode()) + short(b"") + b"\0")
        await self.receive(10, 41)
        self.send(1, 20, 10, short(b""))
        await self.receive(20, 11)
        self.send(1, 85, 10, b"\0")
        await self.receive(85, 11)

    def send(self, channel: int, kind: int, method: int, arguments: bytes) -> None:
        """Call a method."""
        self.write(METHOD, channel, struct.pack(">HH", kind, method) + arguments)

    def write(self, frame: int, channel: int, payload: bytes) -> None:
        """Write a frame."""
        self._writer.write(struct.pack(">BHI", frame, channel, len(payload)) + payload + b"\xce")

    def publish(self, topic: str, body: bytes, flag: int | None = None, value: bytes = b"") -> None:
        """Publish a message with one property."""
        self._published += 1
        flags = 0 if flag is None else 1 << flag
        self.send(1, 60, 40, b"\0\0" + short(EXCHANGE.encode()) + short(topic.encode()) + b"\0")
        self.write(HEADER, 1, struct.pack(">HHQH", 60, 0, len(body), flags) + value)
        for start in range(0, len(body), 100_000):
            self.write(CONTENT, 1, body[start : start + 100_000])

    async def receive(self, kind: int, method: int) -> bytes:
        """Return the arguments of the server's next method; raises OSError for another one."""
        frame, _, size = struct.unpack(">BHI", await self._reader.readexactly(7))
        payload = (await self._reader.readexactly(size + 1))[:-1]
        if frame != METHOD or struct.unpack(">HH", payload[:4]) != (kind, method):
            raise OSError(f"RabbitMQ said {payload[:200]!r}")
        return payload[4:]

    async def confirm(self) -> None:
        """Return when the server has confirmed everything.

        Without it, a quorum queue loses what is on its way to it when the channel closes.
        """
        waiting = set(range(1, self._published + 1))
        while waiting:
            tag, is_multiple = struct.unpack(">Q?", await self.receive(60, 80))
            waiting -= {each for each in waiting if each == tag or (is_multiple and each < tag)}

    async def close(self) -> None:
        """Close the channel."""
        self.send(1, 20, 40, struct.pack(">H", 200) + short(b"") + struct.pack(">HH", 0, 0))
        await self.receive(20, 41)
        self._writer.close()


async def send_to_rabbitmq(url: str, topic: str) -> int:
    """Publish messages that nobody can decode; return how many."""
    server = urlsplit(url)
    wire = Wire(*await asyncio.open_connection(server.hostname, server.port))
    host = unquote(server.path.removeprefix("/")) or "/"
    await wire.open(unquote(server.username or ""), unquote(server.password or ""), host)
    strange = list(list_properties())
    for flag, value in strange:
        wire.publish(topic, BODY, flag, value)
    bodies = (b"", b"\xff", b"x" * RABBITMQ_BYTES)
    for body in bodies:
        wire.publish(topic, body)
    await wire.confirm()
    await wire.close()
    return len(strange) + len(bodies)


async def send_to_kafka(url: str, topic: str) -> int:
    """Produce records that nobody can decode; return how many."""
    records = [
        {"value": None, "key": b"7"},
        {"value": b""},
        {"value": BODY, "key": b"\xff\xfe"},
        {"value": BODY, "timestamp_ms": 0},
        *({"value": BODY, "headers": [(name, b"\xff\xfe")]} for name in ("ce_id", "ce_time", "x")),
        {"value": BODY, "headers": [("retry-attempt", b"-1"), ("ce_time", b"1969-01-01T00:00:00")]},
        {"value": BODY, "headers": [(f"header{number}", b"x" * 1000) for number in range(100)]},
        {"value": b"x" * KAFKA_BYTES},
    ]
    count = 0
    for codec in (None, "gzip", "snappy", "lz4", "zstd"):
        producer = AIOKafkaProducer(**read_url(url), compression_type=codec, acks="all")
        await producer.start()
        try:
            # One that is compressed may be small on its way, and large when it is moved.
            for record in records if codec is None else [{"value": BODY * 100}]:
                await producer.send_and_wait(topic, **record)
                count += 1
        finally:
            await producer.stop()
    return count


async def send_undecodable(url: str, topic: str) -> int:
    """Send messages that nobody can decode; return how many."""
    return await (send_to_kafka if url.startswith("kafka") else send_to_rabbitmq)(url, topic)


async def block(url: str, topic: str, *, is_blocked: bool) -> None:
    """Keep the broker from taking messages of a topic, as another's full queue does."""
    if url.startswith("kafka"):
        return await limit_age(url, topic, 0 if is_blocked else ANY_AGE)
    connection = await aio_pika.connect(url)
    try:
        channel = await connection.channel()
        name = f"{topic}.foreign"
        if not is_blocked:
            await channel.queue_delete(name)
            return None
        limits = {"x-max-length": 5, "x-overflow": "reject-publish"}
        queue = await channel.declare_queue(name, durable=True, arguments=limits)
        await queue.bind(EXCHANGE, topic)
    finally:
        await connection.close()


async def limit_age(url: str, topic: str, milliseconds: int) -> None:
    """Let the broker take only messages of a topic that are no older than this.

    That nobody else is affected is what too few replicas in sync have in common with it, which
    one server alone cannot lack.
    """
    admin = AIOKafkaAdminClient(**read_url(url))
    await admin.start()
    try:
        wanted = {"message.timestamp.before.max.ms": str(milliseconds)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])
    finally:
        await admin.close()
