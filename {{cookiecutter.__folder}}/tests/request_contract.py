"""What every broker must do with requests and their replies."""

import asyncio
from dataclasses import replace

import pytest

from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic


def make_request(group: Group, body: bytes = b"{}") -> Envelope:
    return Envelope(topic=group.topic.name, body=body, source="tests")


class RequestContract:
    """A part of the contract of brokers, which has the fixtures."""

    async def test_a_request_gets_its_own_reply(self, broker: MessageBroker, group: Group) -> None:
        async def respond(message: Envelope) -> Envelope:
            return replace(message, body=b"re: " + message.body)

        await broker.apply([group.topic, Topic(name=f"{group.name}.replies")], [])
        await broker.answer(Group(name=f"{group.name}-asked", topic=group.topic), respond)
        asked = [make_request(group, f"{number}".encode()) for number in range(10)]
        async with asyncio.timeout(30):
            replies = await asyncio.gather(
                *(broker.ask(each, f"{group.name}.replies", 10) for each in asked)
            )
        assert [reply.body for reply in replies] == [b"re: " + each.body for each in asked]

    async def test_without_a_reply_nobody_waits_for_ever(
        self, broker: MessageBroker, group: Group
    ) -> None:
        async def respond(_: Envelope) -> None:
            return None

        await broker.apply([group.topic, Topic(name=f"{group.name}.replies")], [])
        await broker.answer(Group(name=f"{group.name}-asked", topic=group.topic), respond)
        with pytest.raises(TimeoutError):
            await broker.ask(make_request(group), f"{group.name}.replies", 0.2)
