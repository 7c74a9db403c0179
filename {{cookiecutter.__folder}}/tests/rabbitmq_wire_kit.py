"""A connection to RabbitMQ that remembers what was done, in which order."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

from aio_pika import IncomingMessage
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from pamqp.common import FieldTable
from pamqp.header import ContentHeader

from app.services.rabbitmq.group_intake import GroupIntake
from app.services.rabbitmq.messages import COUNT_HEADER
from app.services.rabbitmq.suspects import Suspects
from app.utils.message_broker import Deliver
from app.utils.topology import Group, Topic
from app.utils.turns import Turn

GROUP = Group(name="tests.acknowledgement", topic=Topic(name="order.placed"))


class Wire:
    """A channel that notes what is said of a message, beside what else happens."""

    is_closed = False

    def __init__(self) -> None:
        self.said: list[str] = []

    async def basic_ack(self, **_: object) -> None:
        self.said.append("ack")

    async def basic_nack(self, *, requeue: bool, **_: object) -> None:
        self.said.append("given back" if requeue else "dropped")

    async def deliver(self, _: object) -> None:
        self.said.append("handled")

    def make_sender(self, *failures: Exception) -> AsyncMock:
        """Return what sends after it has failed like this."""
        left = list(failures)

        async def send(place: str, _: object) -> None:
            self.said.append(f"sent to {place}")
            if left:
                raise left.pop(0)

        return AsyncMock(side_effect=send)

    def make_message(self, headers: FieldTable) -> IncomingMessage:
        """Return a message with these headers."""
        properties = Basic.Properties(message_id="7", headers=headers)
        # Of a channel no more is asked than what this one notes.
        channel: Any = self
        delivered = DeliveredMessage(
            delivery=Basic.Deliver("tag", 1, exchange="events", routing_key=GROUP.topic.name),
            header=ContentHeader(properties=properties),
            body=b"{}",
            channel=channel,
        )
        return IncomingMessage(delivered)

    async def receive(self, send: AsyncMock, *, deliveries: int) -> list[str]:
        """Let a group receive a message that was delivered so often before."""
        intake = GroupIntake(GROUP, self.deliver, send, asyncio.Lock())
        try:
            await intake._receive(self.make_message({COUNT_HEADER: deliveries}))
        finally:
            intake.stop()
        return self.said

    async def receive_suspect(self, send: AsyncMock, deliver: Deliver) -> list[str]:
        """Let a group receive a suspect, which has to wait as long as `deliver` says."""
        alone = asyncio.Lock()
        reader = Suspects("suspects", deliver, send, alone)
        async with Turn(alone) as turn:
            await reader._handle(self.make_message({COUNT_HEADER: 1}), turn)
        return self.said
