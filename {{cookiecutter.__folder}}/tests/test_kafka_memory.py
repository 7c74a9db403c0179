"""What a process holds of unpacked batches: bounded over all partitions, without a deadlock."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.record.memory_records import MemoryRecords

from app.services.kafka import reading, unpacking
from app.services.kafka.batches import Batch, split
from app.services.kafka.memory import Memory
from app.services.kafka.reading import read
from app.services.kafka.unpacking import holding
from tests.kafka_bombs import MIB, make_zeros

READERS = 6
PATIENCE_SECONDS = 20
ALWAYS = 64 * 1024


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Eight MiB for all, and four for one read."""
    memory = Memory(8 * MIB)
    for module in (reading, unpacking):
        monkeypatch.setattr(module, "MAX_UNPACKED", 4 * MIB)
    monkeypatch.setattr(unpacking, "MEMORY", memory)
    monkeypatch.setattr(unpacking, "ALWAYS", ALWAYS)
    return memory


class Client:
    """A client of Kafka that has the same batch again and again, unpacks it as aiokafka does."""

    def __init__(self, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client = None
        self._data = data
        monkeypatch.setattr(reading, "fetch", self._fetch)

    async def getmany(self, partition: TopicPartition, **_: int) -> dict[TopicPartition, list[Any]]:
        records = list(MemoryRecords(self._data).next_batch())
        return {partition: records}

    async def position(self, _: TopicPartition) -> int:
        return 0

    def seek(self, _: TopicPartition, position: int) -> None:
        """Stay: the next read finds the same."""

    async def _fetch(self, *_: object) -> Iterator[tuple[Batch, bool]]:
        return ((batch, True) for batch in split(self._data))


async def test_all_partitions_together_hold_no_more_than_one_bound(
    monkeypatch: pytest.MonkeyPatch, memory: Memory
) -> None:
    client = Client(make_zeros("zstd", 3), monkeypatch)
    holders = most = 0
    sizes: list[int] = []

    async def work(number: int) -> None:
        nonlocal holders, most
        with holding() as share:
            partition = TopicPartition("order.placed", number)
            for _ in range(3):
                records, _ = await read(client, partition, share, timeout_ms=0, max_records=100)
                holders += 1
                most = max(most, holders)
                await asyncio.sleep(0.01)
                holders -= 1
                sizes.extend(len(each.value) for each in records)

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        for number in range(READERS):
            tasks.create_task(work(number))
    assert most == 2
    assert sizes == [3 * MIB] * READERS * 3
    assert memory.free == 8 * MIB


async def test_what_is_small_never_waits(monkeypatch: pytest.MonkeyPatch, memory: Memory) -> None:
    memory.take(8 * MIB)
    waiting = asyncio.create_task(memory.reserve(MIB))
    await asyncio.sleep(0)
    client = Client(make_zeros("gzip", 0), monkeypatch)
    with holding() as share:
        partition = TopicPartition("order.placed", 0)
        records, _ = await read(client, partition, share, timeout_ms=0, max_records=100)
    assert len(records) == 1
    waiting.cancel()


async def test_what_the_client_keeps_of_a_batch_is_held_until_it_has_read_on(
    monkeypatch: pytest.MonkeyPatch, memory: Memory
) -> None:
    client = Client(make_zeros("lz4", 1), monkeypatch)
    partition = TopicPartition("order.placed", 0)
    with holding() as share:
        await read(client, partition, share, timeout_ms=0, max_records=1)
        share.begin()
        assert memory.free < 7 * MIB
        await read(client, partition, share, timeout_ms=0, max_records=100)
        assert 6 * MIB < memory.free < 7 * MIB
        share.begin()
        assert memory.free == 8 * MIB


async def test_who_waits_first_is_first_and_who_gives_up_lets_others_go_on() -> None:
    memory, told = Memory(4), []

    async def wait(name: str, size: int) -> None:
        await memory.reserve(size)
        told.append(name)

    memory.take(4)
    tasks = [asyncio.create_task(wait(*each)) for each in (("large", 4), ("gone", 3), ("small", 1))]
    await asyncio.sleep(0)
    memory.give_back(3)
    await asyncio.sleep(0)
    assert told == []
    tasks[0].cancel()
    with suppress(asyncio.CancelledError):
        await tasks[0]
    await tasks[1]
    memory.give_back(1)
    await tasks[2]
    assert told == ["gone", "small"]


async def test_who_is_cancelled_in_its_turn_takes_nothing() -> None:
    memory = Memory(4)
    memory.take(4)
    waiting = asyncio.create_task(memory.reserve(2))
    await asyncio.sleep(0)
    memory.give_back(4)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    assert memory.free == 4
