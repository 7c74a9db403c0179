"""What every broker must do, beneath retries and dead letters, which are written once above."""

import asyncio

import pytest

from app.utils.broker_errors import MessageRefusedError, PublishError
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures, Open
from tests.broker_kit import PATIENCE_SECONDS, Received, make_message
from tests.place_contract import PlaceContract
from tests.request_contract import RequestContract
from tests.rung_contract import RungContract


class BrokerContract(BrokerFixtures, PlaceContract, RequestContract, RungContract):
    """The cases; each implementation's test class inherits them."""

    async def test_a_message_arrives_as_it_was_published(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        sent = Envelope(
            topic=group.topic.name,
            body='{"name": "ü"}'.encode(),
            source="tests",
            key="7",
            traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
            headers={"tenant": "acme", "tracestate": "vendor=there,other@them=1"},
        )
        await broker.publish(sent)
        assert await received.take() == sent

    async def test_every_group_gets_every_message(
        self, broker: MessageBroker, group: Group
    ) -> None:
        other = Group(name=f"{group.name}-2", topic=group.topic)
        await broker.apply([group.topic], [other])
        first, second = Received(), Received()
        await broker.subscribe(group, first.deliver)
        await broker.subscribe(other, second.deliver)
        message = make_message(group.topic.name)
        await broker.publish(message)
        assert (await first.take()).id == (await second.take()).id == message.id

    async def test_members_of_a_group_share_the_messages(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        await broker.subscribe(group, received.deliver)
        bodies = [f"{number}".encode() for number in range(20)]
        for body in bodies:
            await broker.publish(make_message(group.topic.name, body, key=body.decode()))
        assert sorted(await received.take_bodies(20)) == sorted(bodies)
        assert received.is_empty

    async def test_everybody_who_listens_gets_every_message(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        topic, message = group.topic, make_message(group.topic.name)
        async with open_broker() as other:
            listeners = [(broker, Received()), (broker, Received())]
            if broker.capabilities.is_durable:
                listeners.append((other, Received()))
            for where, received in listeners:
                await where.listen(topic, received.deliver)
            await broker.publish(message)
            assert [(await each.take()).id for _, each in listeners] == [message.id] * len(
                listeners
            )

    async def test_a_pause_waits_for_what_is_in_flight(
        self, broker: MessageBroker, group: Group
    ) -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def deliver(_: Incoming) -> None:
            begun.set()
            await asyncio.sleep(0.2)
            ended.set()

        await broker.subscribe(group, deliver)
        await broker.publish(make_message(group.topic.name))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await begun.wait()
        await broker.pause()
        assert ended.is_set()

    async def test_a_message_that_is_too_large_is_refused_and_stops_nobody(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        with pytest.raises(MessageRefusedError):
            await broker.publish(make_message(group.topic.name, b"x" * 200 * 1024 * 1024))
        await broker.publish(make_message(group.topic.name, b"fine"))
        assert (await received.take()).body == b"fine"

    async def test_a_broker_that_is_not_connected_says_so(self) -> None:
        broker = self.make()
        if broker.capabilities.is_durable:
            with pytest.raises(PublishError) as refused:
                await broker.publish(make_message("nowhere"))
            assert type(refused.value) is PublishError, "it would be given up for good"

    async def test_a_connected_broker_answers(self, broker: MessageBroker, group: Group) -> None:
        await broker.subscribe(group, Received().deliver)
        await broker.ping()

    async def test_what_was_applied_is_as_declared(
        self, broker: MessageBroker, group: Group
    ) -> None:
        await broker.apply([group.topic], [group])
        assert await broker.check([group.topic], [group]) == []
