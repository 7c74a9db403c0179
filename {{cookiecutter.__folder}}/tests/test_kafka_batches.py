"""Record batches by their bytes, whole or damaged; needs no server."""

import struct

import pytest
from aiokafka import TopicPartition

from app.services.kafka.batches import (
    CONTENT_TYPE,
    CONTROL,
    MAX_KEPT,
    TRANSACTIONAL,
    Batch,
    UnreadableRecord,
    mark_visible,
    split,
)
from app.services.kafka.records import read_envelope
from tests.kafka_raw import GZIP, LZ4, SNAPPY, ZSTD, make_batch, make_record

PARTITION = TopicPartition("order.placed", 1)
RECORDS = [make_record(number, b"%d" % number, key=b"k") for number in range(3)]
ABORT, COMMIT = (make_record(0, b"", key=struct.pack(">HH", 0, kind)) for kind in (0, 1))


def read(data: bytes) -> list[object]:
    """Return what is read of each record: its value, or nothing."""
    return [
        None if isinstance(record, UnreadableRecord) else record.value
        for batch in split(data)
        for record in batch.read(PARTITION)
    ]


def damage(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("codec", [0, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_whole_batch_is_read(codec: int) -> None:
    assert read(make_batch(*RECORDS, codec=codec)) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("at", [20, 40, 58, 62, -1])
def test_a_batch_with_a_wrong_checksum_is_one_unreadable_record_and_the_next_is_read(
    at: int,
) -> None:
    batch = make_batch(*RECORDS)
    damaged = damage(batch, at if at > 0 else len(batch) - 1)
    assert read(damaged + make_batch(make_record(0, b"next"), base=3)) == [None, b"next"]


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_a_batch_of_an_unknown_codec_is_one_unreadable_record(codec: int) -> None:
    batch = make_batch(*RECORDS, attributes=codec)
    [record] = next(split(batch)).read(PARTITION)
    assert isinstance(record, UnreadableRecord)
    assert record.offset == 2
    message = read_envelope(record)
    assert (message.content_type, message.body) == (CONTENT_TYPE, batch)
    assert message.headers["unreadable-offsets"] == "0-2"


def test_a_codec_that_the_client_does_not_know_of_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = make_batch(*RECORDS, codec=ZSTD)
    monkeypatch.setattr("aiokafka.codec.cramjam", None)
    assert read(batch) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("magic", [0, 1, 3, 127])
def test_a_batch_of_another_format_than_it_says_is_unreadable(magic: int) -> None:
    batch = bytearray(make_batch(*RECORDS))
    batch[16] = magic
    batch[20] ^= 1
    assert read(bytes(batch) + make_batch(make_record(0, b"next"), base=3)) == [None, b"next"]


def test_records_are_read_around_one_that_is_damaged() -> None:
    damaged = bytearray(make_record(1, b"damaged", headers=[(b"name", b"value")]))
    damaged[-11] = 0x7F  # there are 64 headers less than none
    batch = make_batch(RECORDS[0], bytes(damaged), RECORDS[2])
    assert read(batch) == [b"0", None, b"2"]


def test_behind_a_record_without_an_end_nothing_is_read() -> None:
    endless = b"\x7e" + RECORDS[1][1:]
    assert read(make_batch(RECORDS[0], endless, RECORDS[2])) == [b"0", None]


def test_no_more_of_what_cannot_be_read_is_kept_than_can_be_sent_on() -> None:
    [record] = next(split(make_batch(b"x" * MAX_KEPT * 4, attributes=7))).read(PARTITION)
    assert len(record.value) == MAX_KEPT
    assert int(dict(record.headers)["unreadable-bytes"]) > 4 * MAX_KEPT


@pytest.mark.parametrize("end", [0, 5, 11, 40])
def test_a_batch_that_is_cut_off_is_left_for_the_next_answer(end: int) -> None:
    whole = make_batch(*RECORDS)
    assert len(list(split(whole + whole[:end]))) == 1


def test_neither_marks_nor_what_was_aborted_is_visible() -> None:
    def make(first: int, *records: bytes, attributes: int = TRANSACTIONAL, producer: int) -> Batch:
        data = make_batch(*records, attributes=attributes, base=first, producer=producer)
        [batch] = split(data)
        return batch

    mark = TRANSACTIONAL | CONTROL
    batches = [
        make(0, *RECORDS, producer=7),
        make(3, *RECORDS, producer=8),
        make(6, ABORT, attributes=mark, producer=7),
        make(7, *RECORDS, attributes=0, producer=7),
        make(10, *RECORDS, producer=7),
        make(13, COMMIT, attributes=mark, producer=8),
        make(14, COMMIT, attributes=mark, producer=7),
    ]
    visible = [batch.first for batch, is_visible in mark_visible(batches, [(7, 0)]) if is_visible]
    assert visible == [3, 7, 10]
