"""A member of a group on Kafka: what it hears from a client that was replaced changes nothing."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from app.services.kafka import consumer
from app.services.kafka.admin import Cluster
from app.services.kafka.consumer import GroupConsumer, Rebalances
from app.utils.topology import Group, Topic

FIRST, SECOND = TopicPartition("order.placed", 0), TopicPartition("order.placed", 1)
GROUP = Group(name="tests.test", topic=Topic(name="order.placed"), ladder=())


class Client:
    """A client of Kafka that is given partitions when the test says so, and never a message."""

    def __init__(self) -> None:
        self.is_subscribed = asyncio.Event()
        self.is_broken = False
        self.commit = self.start = self.stop = AsyncMock()
        self._client = AsyncMock()

    def subscribe(self, _: object, *, listener: Rebalances) -> None:
        self.listener = listener
        self.is_subscribed.set()

    async def listen(self) -> Rebalances:
        """Return who hears of the partitions, as soon as there is one."""
        await self.is_subscribed.wait()
        return self.listener

    async def getmany(self, *partitions: TopicPartition, **_: object) -> dict[Any, Any]:
        if self.is_broken:
            raise KafkaError("whatever ends it")
        if partitions[0].topic:
            await asyncio.Event().wait()
        return {}


class Offsets:
    """What knows where a group stopped, which may take a while to tell."""

    def __init__(self) -> None:
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def has_coordinator(self, _: str) -> bool:
        return True

    async def describe(self, topics: Collection[str]) -> Cluster:
        return Cluster(servers=1, topics={each: [[0], [0]] for each in topics}, ids={})

    async def find_offsets(
        self, _: str, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        self.asked.set()
        await self.answers.wait()
        return {each: OffsetAndMetadata(7, "") for each in partitions}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """The clients that were made, two, each after the one before has failed."""
    clients = [Client(), Client()]
    monkeypatch.setattr(consumer, "make_consumer", Mock(side_effect=clients))
    monkeypatch.setattr(consumer, "find_other_rungs", AsyncMock(return_value={}))
    monkeypatch.setattr(consumer, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(consumer, "FIRST_PAUSE_SECONDS", 0.01)

    async def wait_for_change(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(consumer, "wait_for_change", wait_for_change)
    return clients


@pytest.mark.parametrize("is_asking", [False, True], ids=["afterwards", "meanwhile"])
async def test_a_client_that_was_replaced_changes_nothing_of_its_successor(
    clients: list[Client], *, is_asking: bool
) -> None:
    old, new = clients
    offsets: Any = Offsets()
    member = GroupConsumer({}, GROUP, AsyncMock(), offsets, asyncio.Lock())
    try:
        async with asyncio.timeout(5):
            former = await old.listen()
            telling = former.on_partitions_assigned([SECOND])
            late: Awaitable[None] = telling
            if is_asking:
                late = asyncio.create_task(telling)
                await offsets.asked.wait()
            old.is_broken = True
            current = await new.listen()
            offsets.answers.set()
            await current.on_partitions_assigned([FIRST])
            lane = member._lanes[FIRST]
            await late
            await former.on_partitions_revoked([FIRST])
        assert member._lanes == {FIRST: lane}
        assert not lane.task.done()
    finally:
        async with asyncio.timeout(5):
            await member.finish()
