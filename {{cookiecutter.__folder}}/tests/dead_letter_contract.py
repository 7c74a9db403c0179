"""Dead letters of messages that are almost, or really, too large, on a real server."""

import asyncio
from typing import Any

from app.services.delivery import Delivery
from app.utils.consumer import Consumer
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS


class DeadLetterContract:
    """What a subscription does with content that it cannot put aside as it is."""

    async def subscribe(self, opened: Container, broker: MessageBroker, group: Group) -> None:
        """Consume what is unreadable to everybody."""
        others: Any = opened
        others.add(MessageBroker, broker)

        class Unreadable(Event, topic=group.topic.name):
            """Something that no message is."""

            number: int

        async def handle(event: Unreadable) -> None:
            raise AssertionError(event)

        consumer = Consumer()
        consumer.on(Unreadable, name="test")(handle)
        await broker.subscribe(group, Delivery(consumer.subscriptions[0], group, opened))

    async def wait_for_dead(self, broker: MessageBroker, group: Group) -> Envelope:
        """Return the first dead letter, when there is one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                async for message in broker.browse(group.dead):
                    return message
                await asyncio.sleep(0.1)
