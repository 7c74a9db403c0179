"""Looking into topics without a group: how much waits, what is there, and what is removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition

from app.services.kafka.admin import Admin
from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.errors import FAILURES, explain
from app.services.kafka.publisher import Publisher
from app.services.kafka.reading import make_consumer, read
from app.services.kafka.records import read_envelope
from app.services.kafka.starting import start_client
from app.services.kafka.stopping import stop_consumer
from app.services.kafka.unpacking import holding
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.envelope import Envelope
from app.utils.topology import Group

CHUNK = 100
POLL_MILLISECONDS = 500

Bounds = dict[TopicPartition, tuple[int, int]]


class Places:
    """The topics of groups, as seen by an operator."""

    def __init__(self, options: dict[str, Any], admin: Admin, publisher: Publisher) -> None:
        """Use the clients that there are already."""
        self._options = options
        self._admin = admin
        self._publisher = publisher

    async def count(self, group: Group) -> dict[str, int]:
        """Return how many messages wait for the group: by topic, rung and dead letters."""
        committed = await self._admin.find_offsets(group.name)
        others = group.find_other_rungs(each.topic for each in committed)
        topics = (group.topic.name, *group.rungs, *others, group.dead)
        partitions = await self._admin.find_partitions(topics)
        counts = dict.fromkeys((*group.rungs, group.topic.name, group.dead), 0)
        counts |= {each.topic: 0 for each in partitions}
        async with self._open() as reader:
            bounds = await find_bounds(reader, partitions)
        for partition, (beginning, end) in bounds.items():
            position = committed[partition].offset if partition in committed else beginning
            counts[partition.topic] += max(end - max(position, beginning), 0)
        return counts

    async def browse(self, place: str) -> AsyncIterator[Envelope]:
        """Yield what the place holds now, oldest first where it has one partition."""
        async with self._open() as reader:
            bounds = await self._find(reader, place)
            async for record in read_records(reader, bounds):
                yield read_envelope(record)

    async def sift(self, place: str, keep: Callable[[Envelope], Awaitable[bool]]) -> None:
        """Ask about each message that the place holds now, and remove those that are not kept.

        Kafka deletes only what is oldest: what is kept is written again, behind the rest.
        """
        kept: set[tuple[int, int]] = set()
        removed = 0
        async with self._open() as reader:
            bounds = await self._find(reader, place)
            async for record in read_records(reader, bounds):
                if await keep(read_envelope(record)):
                    kept.add((record.partition, record.offset))
                else:
                    removed += 1
            if not removed:
                return
            chunk = []
            async for record in read_records(reader, bounds if kept else {}):
                if (record.partition, record.offset) in kept:
                    chunk.append(read_envelope(record))
                if len(chunk) == CHUNK:
                    await self._write(place, chunk)
                    chunk = []
            await self._write(place, chunk)
        await self._admin.delete_before({each: end for each, (_, end) in bounds.items()})

    async def _write(self, place: str, messages: Collection[Envelope]) -> None:
        await asyncio.gather(*(self._publisher.write(place, each) for each in messages))

    async def _find(self, reader: Any, place: str) -> Bounds:
        return await find_bounds(reader, await self._admin.find_partitions([place]))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Any]:
        reader = make_consumer(self._options)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await start_client(reader)
            yield reader
        except FAILURES as error:
            raise explain(error) from error
        finally:
            await stop_consumer(reader)


async def find_bounds(reader: Any, partitions: Collection[TopicPartition]) -> Bounds:
    """Return the offsets at which partitions begin, and end."""
    if not partitions:
        return {}
    # It asks only those servers that it knows of.
    reader.assign(partitions)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        beginnings = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
    return {each: (beginnings[each], ends[each]) for each in partitions}


async def read_records(reader: Any, bounds: Bounds) -> AsyncIterator[Any]:
    """Yield the records within bounds, partition after partition."""
    filled = {each: (begin, end) for each, (begin, end) in bounds.items() if begin < end}
    for partition, (beginning, end) in filled.items():
        reader.assign([partition])
        reader.seek(partition, beginning)
        position, silence = beginning, 0
        with holding() as share:
            # Records that were deleted leave gaps, so that the last need not be at `end - 1`.
            while position < end:
                records, position = await read(
                    reader, partition, share, timeout_ms=POLL_MILLISECONDS, max_records=CHUNK
                )
                silence = 0 if records else silence + POLL_MILLISECONDS
                if position < end and silence > TIMEOUT_SECONDS * 1000:
                    raise BrokerUnavailableError(f"{partition.topic}: its messages do not come")
                for record in records:
                    if record.offset < end:
                        yield record
