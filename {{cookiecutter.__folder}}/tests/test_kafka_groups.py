"""Members of a group on Kafka that die, are slow or come and go: run with TEST_KAFKA_URL."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.services.kafka import consumer as kafka_consumer
from app.services.kafka.client import read_url
from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_kit import PATIENCE_SECONDS, BrokerFixtures, Open, make_message

URL = os.environ.get("TEST_KAFKA_URL", "")
Kill = Callable[[MessageBroker], Awaitable[None]]


class Handler:
    """Handle messages, except for those that stay in hand until they are released."""

    def __init__(self, *held: bytes) -> None:
        """Hold messages of these bodies."""
        self.held = held
        self.released = asyncio.Event()
        self.deaths: list[tuple[bytes, int]] = []
        self.begun = asyncio.Semaphore(0)
        self.in_hand = self.most_in_hand = 0

    async def __call__(self, incoming: Incoming) -> None:
        """Handle a message."""
        self.deaths.append((incoming.message.body, incoming.deaths))
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        self.begun.release()
        try:
            await (self.released.wait() if incoming.message.body in self.held else pause())
        finally:
            self.in_hand -= 1

    async def begin(self, count: int) -> None:
        """Wait until so many messages were begun."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(count):
                await self.begun.acquire()


async def pause() -> None:
    """Give the others some turns."""
    await asyncio.sleep(0.01)


async def find_committed(group: Group) -> dict[TopicPartition, int]:
    """Return what the group has committed on its topic, where that is anything."""
    admin = AIOKafkaAdminClient(**read_url(URL))
    await admin.start()
    found = await admin.list_consumer_group_offsets(group.name)
    await admin.close()
    return {at: each.offset for at, each in found.items() if at.topic == group.topic.name}


@pytest.mark.skipif(not URL, reason="TEST_KAFKA_URL is not set")
class TestKafkaGroups(BrokerFixtures):
    """What happens to the members of a group."""

    def make(self) -> KafkaBroker:
        return KafkaBroker(URL)

    @pytest.fixture
    def kill(self, monkeypatch: pytest.MonkeyPatch) -> Kill:
        """End a broker as a crash would: nothing more is committed."""

        async def kill(broker: MessageBroker) -> None:
            assert isinstance(broker, KafkaBroker)
            for each in broker._served:
                monkeypatch.setattr(each, "save", never)
            await broker.close()

        async def never(_: object) -> bool:
            return False

        return kill

    async def test_deaths_are_counted_for_the_message_that_kills_and_no_other(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        async with open_broker() as sender:
            for body in (b"before", b"poison", b"after"):
                await sender.publish(make_message(group.topic.name, body, key="7"))
        deaths: list[tuple[bytes, int]] = []
        for begins, held in ((2, [b"poison"]), (1, [b"poison"]), (2, [])):
            handler = Handler(*held)
            async with open_broker() as broker:
                await broker.subscribe(group, handler)
                await handler.begin(begins)
                if held:
                    await kill(broker)
            deaths += handler.deaths
        assert deaths == [
            (b"before", 0),
            *((b"poison", count) for count in range(3)),
            (b"after", 0),
        ]

    async def test_what_may_have_killed_is_handled_alone(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        async with open_broker() as broker:
            for key in range(8):  # of which some are in each partition
                await broker.publish(make_message(group.topic.name, b"held", key=str(key)))
            holding = Handler(b"held")
            await broker.subscribe(group, holding)
            await holding.begin(2)
            await kill(broker)
        assert holding.most_in_hand == 2
        handler = Handler()
        async with open_broker() as broker:
            await broker.subscribe(group, handler)
            await handler.begin(8)
        assert [count for _, count in handler.deaths].count(1) == 2

    async def test_work_that_is_given_back_is_no_death(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        await broker.publish(make_message(group.topic.name, b"held"))
        async with open_broker() as other:
            holding = Handler(b"held")
            await other.subscribe(group, holding)
            await holding.begin(1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await other.pause()
        handler = Handler()
        await broker.subscribe(group, handler)
        await handler.begin(1)
        assert handler.deaths == [(b"held", 0)]

    async def test_only_what_was_completed_is_committed(
        self, group: Group, open_broker: Open
    ) -> None:
        async with open_broker() as broker:
            for body in (b"1", b"2", b"3", b"held", b"5"):
                await broker.publish(make_message(group.topic.name, body, key="7"))
            handler = Handler(b"held")
            await broker.subscribe(group, handler)
            await handler.begin(4)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await broker.pause()
        assert list((await find_committed(group)).values()) == [3]

    async def test_work_that_is_taken_away_is_fenced_and_nothing_is_lost(
        self, group: Group, open_broker: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kafka_consumer, "HANDLING_GRACE_SECONDS", 0.2)
        hasty = partial(AIOKafkaConsumer, heartbeat_interval_ms=200)
        monkeypatch.setattr(kafka_consumer, "AIOKafkaConsumer", hasty)
        bodies = [f"{number}".encode() for number in range(100)]
        holding, handler = Handler(*bodies), Handler()
        async with open_broker() as first, open_broker() as second:
            for body in bodies:
                await first.publish(make_message(group.topic.name, body, key=body.decode()))
            await first.subscribe(group, holding)
            await holding.begin(2)
            await second.subscribe(group, handler)
            await handler.begin(1)
            assert holding.in_hand < 2
            holding.released.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len({body for body, _ in holding.deaths + handler.deaths}) < len(bodies):
                    await pause()
        assert holding.in_hand == handler.in_hand == 0
        assert sum((await find_committed(group)).values()) == len(bodies)

    async def test_a_slow_handler_keeps_its_partitions(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        impatient = partial(AIOKafkaConsumer, max_poll_interval_ms=1200, heartbeat_interval_ms=200)
        monkeypatch.setattr(kafka_consumer, "AIOKafkaConsumer", impatient)
        alone = Topic(name=group.topic.name, topology=Topology(partitions=1, replicas=1))
        slow = Group(name=f"{group.name}-slow", topic=alone)
        await broker.apply([], [slow])
        calls, done = 0, asyncio.Event()

        async def deliver(_: Incoming) -> None:
            nonlocal calls
            calls += 1
            await asyncio.sleep(2)
            done.set()

        # Every partition is busy, so that nobody asks for more.
        for number in range(10):
            await broker.publish(make_message(alone.name, key=str(number)))
        await broker.send(slow.rung(0), make_message(alone.name))
        await broker.subscribe(slow, deliver)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()
        await broker.ping()
        assert calls <= 3
