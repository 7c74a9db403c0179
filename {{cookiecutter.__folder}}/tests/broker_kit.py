"""What the tests of brokers share: a connected broker, a group, and who receives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest

from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group, Topic, Topology

PATIENCE_SECONDS = 30

Open = Callable[[], AbstractAsyncContextManager[MessageBroker]]


class Received:
    """What a subscriber received; `take` waits for the next."""

    def __init__(self) -> None:
        """Start empty."""
        self._queue: asyncio.Queue[Envelope] = asyncio.Queue()

    async def deliver(self, incoming: Incoming) -> None:
        """Accept a message."""
        self._queue.put_nowait(incoming.message)

    async def take(self) -> Envelope:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._queue.get()

    async def take_bodies(self, count: int) -> list[bytes]:
        """Return the bodies of the next messages."""
        return [(await self.take()).body for _ in range(count)]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is none."""
        return self._queue.empty()


def make_message(topic: str, body: bytes = b"{}", key: str | None = None) -> Envelope:
    return Envelope(topic=topic, body=body, source="tests", key=key)


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
            finally:
                await broker.pause()
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
