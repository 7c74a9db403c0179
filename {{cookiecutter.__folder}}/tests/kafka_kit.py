"""What the tests of groups on Kafka share: a broker that can die, and what is committed."""

import os
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.services.kafka.client import read_url
from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures

URL = os.environ.get("TEST_KAFKA_URL", "")
Kill = Callable[[MessageBroker], Awaitable[None]]


async def find_committed(group: Group) -> dict[TopicPartition, int]:
    """Return what the group has committed on its topic, where that is anything."""
    admin = AIOKafkaAdminClient(**read_url(URL))
    await admin.start()
    found = await admin.list_consumer_group_offsets(group.name)
    await admin.close()
    return {at: each.offset for at, each in found.items() if at.topic == group.topic.name}


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
