"""What the tests of groups on Kafka share: a broker that can die, and what is committed."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.services.kafka.client import read_url
from app.services.kafka.consumer import GroupConsumer
from app.services.kafka_service import KafkaBroker
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, Received
from tests.holding_handler import pause

URL = os.environ.get("TEST_KAFKA_URL", "")
Kill = Callable[[MessageBroker], Awaitable[None]]


async def find_committed(group: Group, *topics: str) -> dict[TopicPartition, int]:
    """Return what the group has committed on its topic or others, where that is anything."""
    admin = AIOKafkaAdminClient(**read_url(URL))
    await admin.start()
    found = await admin.list_consumer_group_offsets(group.name)
    await admin.close()
    chosen = topics or (group.topic.name,)
    return {at: each.offset for at, each in found.items() if at.topic in chosen}


async def allow(topic: str, size: int) -> None:
    """Let a topic take messages of this size, as an operator would."""
    admin = AIOKafkaAdminClient(**read_url(URL))
    await admin.start()
    wanted = {"max.message.bytes": str(size)}
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, wanted)
    await admin.alter_configs([resource])
    await admin.close()


async def wait_for_lag(broker: MessageBroker, group: Group, lag: int) -> None:
    """Wait until so many messages of its topic wait for the group."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await broker.count(group))[group.topic.name] != lag:
            await pause()


async def wait_for_lanes(broker: MessageBroker, count: int) -> None:
    """Wait until the broker's consumers have so many partitions, retry topics left aside."""
    assert isinstance(broker, KafkaBroker)
    consumers = [each for each in broker._served if isinstance(each, GroupConsumer)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(not lane._delay for each in consumers for lane in each._lanes.values()) < count:
            await pause()


async def wait_for_no_lanes(broker: MessageBroker) -> None:
    """Wait until the broker's consumers have to give their partitions up."""
    assert isinstance(broker, KafkaBroker)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(isinstance(each, GroupConsumer) and each._lanes for each in broker._served):
            await pause()


async def take_odd(broker: MessageBroker, group: Group) -> Envelope:
    """Return what is handed over between a message `before` and one `behind`."""
    received = Received()
    await broker.subscribe(group, received.deliver)
    before, odd, behind = [await received.take() for _ in range(3)]
    assert (before.body, behind.body) == (b"before", b"behind")
    return odd


# Services are tested without a server; the template's CI, where nothing may be skipped, has all.
@pytest.mark.skipif(not URL, reason="TEST_KAFKA_URL is not set")
class KafkaFixtures(BrokerFixtures):
    """A broker on the server, and its sudden end."""

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
