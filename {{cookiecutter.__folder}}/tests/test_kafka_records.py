"""Records of Kafka: whatever somebody sends, its dead letter has room in its topic."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from app.services.kafka.batches import split
from app.services.kafka.client import MAX_BYTES
from app.services.kafka.records import MAX_ATTRIBUTE_BYTES, make_headers, read_envelope
from app.utils.dead_letter import Reason, list_trimmed, mark_dead
from app.utils.message_broker import Incoming
from tests.kafka_raw import Header, make_batch, make_record

MUCH = 33 * 1024 * 1024


def read(key: bytes | None = None, headers: Sequence[Header] = ()) -> Any:
    [batch] = split(make_batch(make_record(0, b"{}", key, headers=headers)))
    [record] = batch.read(TopicPartition("order.placed", 0))
    return read_envelope(record)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (b"k" * MUCH, []),
        (b"\xff" * (MUCH // 3), []),
        (None, [b"ce_id", b"ce_source"]),
        (None, [b"ce_partitionkey", b"traceparent"]),
        (None, [b"content-type", b"retry-topic"]),
        (None, [b"dead-letter-reason", b"dead-letter-tenant", b"tenant"]),
    ],
    ids=["a key", "a key that is no text", "identity", "order", "properties", "headers"],
)
def test_the_dead_letter_of_any_record_may_be_sent(key: bytes | None, names: list[bytes]) -> None:
    message = read(key, [(name, b"v" * (MUCH // 2)) for name in names])
    letter = mark_dead(Incoming(message=message, origin="here"), Reason.UNREADABLE, ValueError("x"))
    *_, last = list_trimmed(letter)
    sent = (last.key or "").encode(), last.body, make_headers(last)
    assert DefaultRecordBatchBuilder.estimate_size_in_bytes(*sent) < MAX_BYTES // 100


def test_what_is_long_stays_different_and_what_is_short_stays_as_it_is() -> None:
    long = "i" * MAX_ATTRIBUTE_BYTES * 2
    ids = [
        read(headers=[(b"ce_id", text.encode())]).id
        for text in ("i", "i" * MAX_ATTRIBUTE_BYTES, long, f"{long}i", f"{long}j")
    ]
    assert len(set(ids)) == len(ids)
    assert ids[:2] == ["i", "i" * MAX_ATTRIBUTE_BYTES]
    assert all(len(each) <= MAX_ATTRIBUTE_BYTES for each in ids)
    again = read(headers=[(b"ce_id", ids[-1].encode())])
    assert again.id == ids[-1], "what was read before is not shortened again"
