"""What every broker must do."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker

PATIENCE_SECONDS = 30


class Inbox:
    """What a group received, in order; `take` waits for the next."""

    def __init__(self) -> None:
        """Start empty."""
        self._queue: asyncio.Queue[Envelope] = asyncio.Queue()

    async def deliver(self, message: Envelope) -> None:
        """Accept a message."""
        self._queue.put_nowait(message)

    async def take(self) -> Envelope:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._queue.get()

    @property
    def is_empty(self) -> bool:
        """Tell whether there is none."""
        return self._queue.empty()


class BrokerContract:
    """Cases for a method `make`; each implementation's test class inherits them."""

    def make(self) -> MessageBroker:
        """Return a broker that is not connected."""
        raise NotImplementedError

    @pytest.fixture
    async def broker(self) -> AsyncIterator[MessageBroker]:
        broker = self.make()
        await broker.connect()
        yield broker
        await broker.pause()
        await broker.close()

    @pytest.fixture
    def name(self) -> str:
        return f"test-{uuid4()}"

    async def test_a_message_arrives_as_it_was_published(
        self, broker: MessageBroker, name: str
    ) -> None:
        inbox = Inbox()
        await broker.subscribe(f"{name}.group", name, inbox.deliver)
        sent = Envelope(
            topic=name,
            body='{"name": "ü"}'.encode(),
            source="tests",
            key="7",
            traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
        )
        await broker.publish(sent)
        assert await inbox.take() == sent

    async def test_every_group_gets_every_message(self, broker: MessageBroker, name: str) -> None:
        first, second = Inbox(), Inbox()
        await broker.subscribe(f"{name}.first", name, first.deliver)
        await broker.subscribe(f"{name}.second", name, second.deliver)
        message = Envelope(topic=name, body=b"{}", source="tests")
        await broker.publish(message)
        assert (await first.take()).id == (await second.take()).id == message.id

    async def test_a_failing_message_does_not_stop_the_next(
        self, broker: MessageBroker, name: str
    ) -> None:
        inbox = Inbox()

        async def deliver(message: Envelope) -> None:
            if message.body == b"poison":
                raise RuntimeError("cannot handle this")
            await inbox.deliver(message)

        await broker.subscribe(f"{name}.group", name, deliver)
        for body in (b"poison", b"fine"):
            await broker.publish(Envelope(topic=name, body=body, source="tests"))
        assert (await inbox.take()).body == b"fine"

    async def test_a_connected_broker_answers(self, broker: MessageBroker) -> None:
        await broker.ping()
