"""What a group on Kafka commits, and when: nothing before it is done. Needs TEST_KAFKA_URL."""

import asyncio

import pytest
from aiokafka import TopicPartition

from app.services.kafka.consumer import GroupConsumer
from app.services.kafka.lane import BATCH
from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import Open
from tests.broker_kit import PATIENCE_SECONDS, make_message
from tests.holding_handler import Handler, pause
from tests.kafka_kit import KafkaFixtures, Kill, find_committed

# Further on, messages are no longer committed one by one.
FAR = BATCH + 30
AFTER = 20


async def publish(broker: MessageBroker, group: Group, *bodies: bytes) -> None:
    """Publish messages of one key, and so into one partition."""
    for body in bodies:
        await broker.publish(make_message(group.topic.name, body, key="7"))


class TestKafkaSafety(KafkaFixtures):
    """What comes again after a death, and what is known of it."""

    async def test_far_into_a_partition_what_is_in_hand_is_not_committed_and_comes_again(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        before = [f"before {number}".encode() for number in range(FAR)]
        after = [f"after {number}".encode() for number in range(AFTER)]
        holding, handler = Handler(b"held"), Handler()
        async with open_broker() as broker:
            await publish(broker, group, *before, b"held", *after)
            await broker.subscribe(group, holding)
            await holding.begin(FAR + 1)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while (committed := sum((await find_committed(group)).values())) < FAR:
                        await pause()
            finally:
                await kill(broker)
        assert committed == FAR
        async with open_broker() as broker:
            await broker.subscribe(group, handler)
            await handler.begin(1 + AFTER)
        assert [body for body, _ in handler.deaths] == [b"held", *after]

    async def test_a_death_in_a_partition_that_was_left_in_order_is_noticed(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        async with open_broker() as broker:
            handler = Handler()
            await publish(broker, group, *(b"before" for _ in range(BATCH)))
            await broker.subscribe(group, handler)
            await handler.begin(BATCH)
            await broker.pause()
            await publish(broker, group, b"poison")
        deaths: list[tuple[bytes, int]] = []
        for _ in range(3):
            handler = Handler(b"poison")
            async with open_broker() as broker:
                await broker.subscribe(group, handler)
                await handler.begin(1)
                await kill(broker)
            deaths += handler.deaths
        # The first one cannot be told from deaths of another cause.
        assert deaths == [(b"poison", 0), (b"poison", 0), (b"poison", 1)]

    async def test_a_suspect_that_is_given_back_stays_one(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        deaths: list[tuple[bytes, int]] = []
        for is_killed in (True, False, True):
            handler = Handler(b"poison")
            async with open_broker() as broker:
                if not deaths:
                    await publish(broker, group, b"poison")
                await broker.subscribe(group, handler)
                await handler.begin(1)
                if is_killed:
                    await kill(broker)
                    deaths += handler.deaths
                    continue
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await broker.pause()
            deaths += handler.deaths
        assert deaths == [(b"poison", 0), (b"poison", 1), (b"poison", 1)]

    async def test_a_message_is_not_handled_before_it_is_marked(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries = asyncio.Semaphore(0)

        async def fail(_: GroupConsumer, __: dict[TopicPartition, tuple[int, str]]) -> bool:
            tries.release()
            return False

        handler = Handler()
        assert isinstance(broker, KafkaBroker)
        with monkeypatch.context() as patch:
            patch.setattr(GroupConsumer, "save", fail)
            await broker.subscribe(group, handler)
            await publish(broker, group, b"marked")
            async with asyncio.timeout(PATIENCE_SECONDS):
                for _ in range(3):
                    await tries.acquire()
            assert handler.deaths == []
        await handler.begin(1)
        assert handler.deaths == [(b"marked", 0)]
