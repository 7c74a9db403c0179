"""Batches of some KB that unpack to more than may be held in memory, and what is behind them."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from app.services.kafka import reading, unpacking
from app.services.kafka.batches import CONTENT_TYPE, Batch, split
from app.services.kafka.client import read_url
from app.services.kafka.reading import make_consumer, read
from app.services.kafka.unpacking import MAX_UNPACKED, holding
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS
from tests.holding_handler import pause
from tests.kafka_bombs import CODECS, MIB, PACKERS, XERIAL, make_zeros
from tests.kafka_kit import URL, KafkaFixtures, allow, take_odd, wait_for_lag
from tests.kafka_raw import SNAPPY, make_batch, make_record, write_batch

ROOT = Path(__file__).parents[1]
TOO_LARGE = MAX_UNPACKED // MIB + 1
# As much as a small container has.
LIMITED = """
import resource, sys
from pathlib import Path
from aiokafka import TopicPartition
from aiokafka.errors import MessageSizeTooLargeError
from app.services.kafka.batches import split
data = Path(sys.argv[1]).read_bytes()
resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
[record] = next(split(data)).read(TopicPartition("order.placed", 1))
print(dict(record.headers)["unreadable-error"].decode())
"""


async def write_when_allowed(topic: str, batch: bytes) -> None:
    """Write a batch as soon as the server has looked at what `allow` asked for."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await write_batch(topic, batch)
            except MessageSizeTooLargeError:
                await pause()
            else:
                return


def read_error(batch: Batch) -> str:
    """Return why a batch cannot be read, which is one record then."""
    [record] = batch.read(TopicPartition("order.placed", 1))
    said: bytes = dict(record.headers).get("unreadable-error", b"")
    return said.decode()


@pytest.mark.parametrize("codec", PACKERS)
def test_what_has_just_room_is_read(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 3 * MIB)
    [most] = split(make_zeros(codec, 2))
    assert read_error(most) == ""
    [more] = split(make_zeros(codec, 3))
    assert "unpacks to more than" in read_error(more)


@pytest.mark.parametrize("codec", PACKERS)
def test_a_size_is_exact(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(0, b"x" * 1000)
    [batch] = split(make_batch(PACKERS[codec]([record]), attributes=CODECS[codec]))
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", len(record))
    assert read_error(batch) == ""
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", len(record) - 1)
    assert "unpacks to more than" in read_error(batch)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_what_is_larger_than_the_memory_is_said_to_be_too_large(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "batch"
    path.write_bytes(make_zeros(codec, 512))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert "unpacks to more than" in done.stdout


@pytest.mark.parametrize(
    "packed",
    [b"\xff\xff\xff\xff\x0f" + b"\0" * 9, XERIAL + b"\xff\xff\xff\xfc" * 2, XERIAL + b"\0" * 8],
    ids=["a size that is not there", "blocks of less than nothing", "blocks of nothing"],
)
def test_snappy_that_lies_is_unreadable(packed: bytes) -> None:
    [batch] = split(make_batch(packed, attributes=SNAPPY))
    assert read_error(batch) != ""


class TestKafkaBombs(KafkaFixtures):
    """They are dead letters at worst, and hold up nobody."""

    @pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
    async def test_a_batch_that_unpacks_to_too_much_is_handed_over_as_its_bytes(
        self, broker: MessageBroker, group: Group, codec: str
    ) -> None:
        await allow(group.topic.name, 8 * MIB)
        await write_batch(group.topic.name, make_batch(make_record(0, b"before")))
        await write_when_allowed(group.topic.name, make_zeros(codec, TOO_LARGE))
        await write_batch(group.topic.name, make_batch(make_record(0, b"behind")))
        odd = await take_odd(broker, group)
        assert odd.content_type == CONTENT_TYPE
        assert "unpacks to more than" in odd.headers["unreadable-error"]
        await wait_for_lag(broker, group, 0)

    async def test_no_more_than_that_is_read_at_once(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del broker
        for module in (reading, unpacking):
            monkeypatch.setattr(module, "MAX_UNPACKED", 4 * MIB)
        for _ in range(8):
            await write_batch(group.topic.name, make_zeros("zstd", 3))
        partition = TopicPartition(group.topic.name, 0)
        consumer = make_consumer(read_url(URL))
        consumer.assign([partition])
        await consumer.start()
        try:
            found = []
            end = 0
            with holding() as share:
                while end < 8:
                    records, end = await read(
                        consumer, partition, share, timeout_ms=1000, max_records=100
                    )
                    assert len(records) <= 2
                    found += [(each.offset, len(each.value)) for each in records]
        finally:
            await consumer.stop()
        assert found == [(number, 3 * MIB) for number in range(8)]
