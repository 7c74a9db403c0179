"""What the tests of groups on Kafka share: a handler that can hold on, and a way to die."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.services.kafka.client import read_url
from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS, BrokerFixtures

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
