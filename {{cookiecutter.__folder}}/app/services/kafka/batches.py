"""Record batches of Kafka by their bytes: where each ends, and what can be read of it."""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from app.services.kafka.unpacking import (
    UnpackedSizeError,
    gzip_decode,
    lz4_decode,
    snappy_decode,
    zstd_decode,
)

CONTENT_TYPE = "application/vnd.kafka.record-batch"
"""What a message says of itself whose body is the bytes of records that cannot be read."""
MAX_KEPT = 256 * 1024
"""The most bytes of unreadable records that are kept."""
# Base offset, length, epoch, magic, CRC, attributes, last offset, two timestamps, producer.
HEADER = struct.Struct(">qiibIhiqqqhii")
PREFIX = struct.Struct(">qi")
MAGIC_AT = 16
MAGIC = 2
CODEC, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 0x07, 0x08, 0x10, 0x20
DECODERS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip_decode,
    2: snappy_decode,
    3: lz4_decode,
    4: zstd_decode,
}


class UnreadableRecord(ConsumerRecord):  # type: ignore[misc] # aiokafka has no types
    """Records that cannot be read, as one whose value is their bytes."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch of records as it was fetched."""

    data: bytes
    first: int
    last: int
    """The offset of its last record, also when that is not there any more."""
    timestamp: int = 0
    attributes: int = 0
    producer: int = -1

    def read(self, partition: TopicPartition) -> Iterator[Any]:
        """Yield its records, those that cannot be read as messages of their bytes."""
        count = 0
        try:
            batch = MemoryRecords(self.data).next_batch()
            if not batch.validate_crc():
                raise ValueError("its checksum is wrong")
            for record in batch:
                yield make_record(partition, record)
                count += 1
        except UnpackedSizeError as error:
            yield make_unreadable(partition, self, error, self.data, self.last)
        except Exception as error:  # noqa: BLE001 - codecs and parsers raise whatever they like
            yield from islice(self._read_leniently(partition, error), count, None)

    def _read_leniently(self, partition: TopicPartition, error: Exception) -> Iterator[Any]:
        """Yield the records one by one, if it is one of them that is wrong and not all."""
        try:
            batch = MemoryRecords(self.data).next_batch()
            if self.data[MAGIC_AT] != MAGIC or not batch.validate_crc():
                raise error
            buffer = bytearray(DECODERS[self.attributes & CODEC](self.data[HEADER.size :]))
        except Exception:  # noqa: BLE001 - the same
            yield make_unreadable(partition, self, error, self.data, self.last)
            return
        start = 0
        while start < len(buffer):
            try:
                length, at = decode_varint(buffer, start)
                end = at + length
                delta, at = decode_varint(buffer, at + 1)  # behind the attributes
                distance, at = decode_varint(buffer, at)
                if length <= 0 or end > len(buffer):
                    raise error
            except Exception:  # noqa: BLE001 - the same
                # Where the next one begins is not known.
                yield make_unreadable(partition, self, error, bytes(buffer[start:]), self.last)
                return
            offset = min(self.first + distance, self.last)
            try:
                yield self._read_record(partition, offset, delta, memoryview(buffer)[at:end])
            except Exception as wrong:  # noqa: BLE001 - the same
                yield make_unreadable(partition, self, wrong, bytes(buffer[start:end]), offset)
            start = end

    def _read_record(
        self, partition: TopicPartition, offset: int, delta: int, data: memoryview
    ) -> Any:
        """Return a record whose headers may have names that are no UTF-8."""
        buffer, end, at = bytearray(data), len(data), 0

        def read_bytes(at: int) -> tuple[bytes | None, int]:
            length, at = decode_varint(buffer, at)
            if length > end - at:
                raise ValueError("a field is longer than its record")
            return (None, at) if length < 0 else (bytes(buffer[at : at + length]), at + length)

        key, at = read_bytes(at)
        value, at = read_bytes(at)
        count, at = decode_varint(buffer, at)
        headers = []
        for _ in range(count):
            name, at = read_bytes(at)
            content, at = read_bytes(at)
            headers.append(((name or b"").decode("utf-8", "replace"), content))
        if at != end:
            raise ValueError("it is longer or shorter than it says")
        return ConsumerRecord(
            topic=partition.topic,
            partition=partition.partition,
            offset=offset,
            timestamp=self.timestamp + (0 if self.attributes & LOG_APPEND_TIME else delta),
            timestamp_type=int(bool(self.attributes & LOG_APPEND_TIME)),
            key=key,
            value=value,
            checksum=None,
            serialized_key_size=len(key or b""),
            serialized_value_size=len(value or b""),
            headers=tuple(headers),
        )


def split(data: bytes) -> Iterator[Batch]:
    """Yield the batches of an answer that are there as a whole."""
    start = 0
    while start + PREFIX.size < len(data):
        first, length = PREFIX.unpack_from(data, start)
        end = start + PREFIX.size + length
        if length <= 0 or end > len(data):
            return
        batch = data[start:end]
        start = end
        if len(batch) < HEADER.size or batch[MAGIC_AT] < MAGIC:
            # Of the old formats: it is one record, or has the offset of its last one.
            yield Batch(data=batch, first=first, last=first)
            continue
        _, _, _, _, _, attributes, delta, began, ended, producer, *_ = HEADER.unpack_from(batch)
        timestamp = ended if attributes & LOG_APPEND_TIME else began
        yield Batch(
            data=batch,
            first=first,
            last=first + max(delta, 0),
            timestamp=timestamp,
            attributes=attributes,
            producer=producer,
        )


def mark_visible(
    batches: Iterable[Batch], aborted: list[tuple[int, int]]
) -> Iterator[tuple[Batch, bool]]:
    """Yield each batch, and whether consumers may see it: neither marks nor what was aborted.

    `aborted` has the producer and the first offset of each transaction that was.
    """
    waiting = sorted(aborted, key=lambda each: each[1])
    gone: set[int] = set()
    for batch in batches:
        while waiting and waiting[0][1] <= batch.first:
            gone.add(waiting.pop(0)[0])
        if batch.attributes & CONTROL:
            if is_abort(batch):
                gone.discard(batch.producer)
            yield batch, False
        else:
            yield batch, not (batch.attributes & TRANSACTIONAL and batch.producer in gone)


def is_abort(batch: Batch) -> bool:
    """Tell whether the mark of a transaction's end says that it was aborted."""
    try:
        record = next(iter(MemoryRecords(batch.data).next_batch()))
        return bool(ControlRecord.parse(record.key) == ABORT_MARKER)
    except Exception:  # noqa: BLE001 - a mark that cannot be read is none
        return False


def make_record(partition: TopicPartition, record: Any) -> Any:
    """Return a record of the client library as its consumers return it."""
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        key=record.key,
        value=record.value,
        checksum=None,
        serialized_key_size=len(record.key or b""),
        serialized_value_size=len(record.value or b""),
        headers=tuple(record.headers),
    )


def make_unreadable(
    partition: TopicPartition, batch: Batch, error: Exception, data: bytes, last: int
) -> UnreadableRecord:
    """Return a record in the place of those that cannot be read, with their bytes.

    It has the last offset of them: whoever has handled it goes on behind all of them.
    """
    said = " ".join(repr(error).split())[:300]
    headers = (
        ("content-type", CONTENT_TYPE.encode()),
        ("unreadable-error", said.encode("utf-8", "replace")),
        ("unreadable-offsets", f"{batch.first}-{batch.last}".encode()),
        ("unreadable-bytes", str(len(data)).encode()),
    )
    return UnreadableRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=last,
        timestamp=batch.timestamp,
        timestamp_type=0,
        key=None,
        value=data[:MAX_KEPT],
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(data),
        headers=headers,
    )
