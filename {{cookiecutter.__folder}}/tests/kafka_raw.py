"""Record batches made by hand, as no client that the template has would write them."""

import gzip
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.codec import lz4_encode, snappy_encode, zstd_encode
from aiokafka.errors import NoError, NotLeaderForPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

from app.services.kafka.client import read_url
from tests.holding_handler import pause
from tests.kafka_kit import URL

GZIP, SNAPPY, LZ4, ZSTD = range(1, 5)
ENCODERS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    GZIP: gzip.compress,
    SNAPPY: snappy_encode,
    LZ4: lz4_encode,
    ZSTD: zstd_encode,
}
NOW = 1_796_000_000_000

Header = tuple[bytes, bytes | None]


def write_varint(number: int) -> bytes:
    found = bytearray()
    encode_varint(number, found.append)
    return bytes(found)


def write_bytes(data: bytes | None) -> bytes:
    return write_varint(-1) if data is None else write_varint(len(data)) + data


def make_record(
    number: int, value: bytes | None, key: bytes | None = None, headers: Sequence[Header] = ()
) -> bytes:
    """Return a record, the `number`th of its batch."""
    parts = [b"\0", write_varint(0), write_varint(number), write_bytes(key), write_bytes(value)]
    parts.append(write_varint(len(headers)))
    parts += [write_bytes(each) for header in headers for each in header]
    data = b"".join(parts)
    return write_varint(len(data)) + data


def make_batch(
    *records: bytes,
    codec: int = 0,
    attributes: int | None = None,
    rest: bytes = b"",
    timestamp: int = NOW,
    base: int = 0,
    producer: int = -1,
) -> bytes:
    """Return a batch of records; `rest` follows behind what was compressed."""
    last = len(records) - 1
    said = codec if attributes is None else attributes
    counts = (last, timestamp, timestamp, producer, -1, -1, len(records))
    body = struct.pack(">hiqqqhii", said, *counts) + ENCODERS[codec](b"".join(records)) + rest
    head = struct.pack(">ibI", 0, 2, calc_crc32c(body))
    return struct.pack(">qi", base, len(head) + len(body)) + head + body


@asynccontextmanager
async def open_plain_client(**options: Any) -> AsyncIterator[Any]:
    """A producer that knows nothing of us."""
    producer = AIOKafkaProducer(**read_url(URL), **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write_batch(topic: str, batch: bytes, partition: int = 0, client: Any = None) -> int:
    """Send a batch as it is; return its offset, or raise what the server says against it."""
    if client is None:
        async with open_plain_client() as own:
            return await write_batch(topic, batch, partition, own)
    await client.client._wait_on_metadata(topic)
    leader = client.client.cluster.leader_for_partition(TopicPartition(topic, partition))
    request = ProduceRequest(None, -1, 5000, [(topic, [(partition, batch)])])
    while True:
        answer = await client.client.send(leader, request)
        [(_, [(_, code, offset, *_)])] = answer.topics
        if (error := for_code(code)) is NoError:
            return int(offset)
        if error is not NotLeaderForPartitionError:  # yet, because it is new
            raise error
        await pause()
