"""A connected broker for a test, others beside it, and a group whose places exist."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest

from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_kit import PATIENCE_SECONDS

Open = Callable[[], AbstractAsyncContextManager[MessageBroker]]


class BrokerFixtures:
    """A connected broker and a group, for a method `make`."""

    def make(self) -> MessageBroker:
        """Return a broker that is not connected."""
        raise NotImplementedError

    @pytest.fixture
    def open_broker(self) -> Open:
        """Open another broker, as another process would."""

        @asynccontextmanager
        async def open_one() -> AsyncIterator[MessageBroker]:
            broker = self.make()
            await broker.connect()
            try:
                yield broker
                # A test that failed may have left a message in hand for ever.
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await broker.pause()
            finally:
                await broker.close()

        return open_one

    @pytest.fixture
    async def broker(self, open_broker: Open) -> AsyncIterator[MessageBroker]:
        async with open_broker() as broker:
            yield broker

    @pytest.fixture
    async def group(self, broker: MessageBroker) -> Group:
        """A group whose places exist."""
        name = f"test-{uuid4()}"
        topology = Topology(partitions=2, replicas=1)
        group = Group(
            name=f"{name}.group", topic=Topic(name=name, topology=topology), ladder=(0.3, 1.0)
        )
        await broker.apply([group.topic], [group])
        return group
