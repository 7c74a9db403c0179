"""What tests of brokers share: messages, and who receives them."""

import asyncio
from dataclasses import replace

from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group

PATIENCE_SECONDS = 30


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


async def add_group(broker: MessageBroker, group: Group) -> Group:
    """Return another group of the same topic, which gets all messages too."""
    other = replace(group, name=f"{group.name}-2")
    await broker.apply([group.topic], [other])
    return other
