"""What the tests of RabbitMQ share: a broker that tidies up, and a plain client."""

import os
from collections.abc import AsyncIterator, Collection

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq.queues import list_queues
from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.topology import Group, Topic

URL = os.environ.get("TEST_RABBITMQ_URL", "")


class TidyBroker(RabbitMQBroker):
    """Deletes the queues that it created: a server would keep those of every test for ever."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._applied: list[Group] = []

    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        await super().apply(topics, groups)
        self._applied.extend(groups)

    async def close(self) -> None:
        if self._applied:
            async with await aio_pika.connect(URL) as connection:
                channel = await connection.channel()
                for queue in {queue for group in self._applied for queue in list_queues(group)}:
                    await channel.queue_delete(queue)
            self._applied.clear()
        await super().close()


class RabbitMQFixtures:
    """A broker on the server, and a channel of a plain client."""

    def make(self) -> TidyBroker:
        return TidyBroker(URL)

    @pytest.fixture
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel of a client that knows nothing of us."""
        async with await aio_pika.connect(URL) as connection:
            yield await connection.channel(on_return_raises=True)
