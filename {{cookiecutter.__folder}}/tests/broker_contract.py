"""What every broker must do, beneath retries and dead letters, which are written once above."""

import asyncio

import pytest

from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming, MessageBroker, MessageRefusedError, PublishError
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS, BrokerFixtures, Open, Received, make_message
from tests.request_contract import RequestContract


class BrokerContract(BrokerFixtures, RequestContract):
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
            headers={"tenant": "acme"},
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

    async def test_a_message_waits_on_its_rung_and_comes_back(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        await broker.publish(make_message(group.topic.name, b"first"))
        await received.take()  # so that nothing waits for the subscription itself
        message = make_message(group.topic.name, b"again")
        await broker.send(group.rung(1), message.move(3))
        await broker.publish(make_message(group.topic.name, b"passing"))
        assert (await received.take()).body == b"passing"
        back = await received.take()
        assert (back.id, back.topic, back.attempt) == (message.id, message.topic, 3)

    async def test_a_rung_is_left_after_its_time_and_not_before(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        started = asyncio.get_running_loop().time()
        await broker.send(group.rung(1), make_message(group.topic.name).move(4))
        await received.take()
        assert asyncio.get_running_loop().time() - started >= 0.95 * group.ladder[1]

    async def test_a_message_of_one_group_comes_to_no_other(
        self, broker: MessageBroker, group: Group
    ) -> None:
        other = Group(name=f"{group.name}-2", topic=group.topic)
        await broker.apply([group.topic], [other])
        mine, others = Received(), Received()
        await broker.subscribe(group, mine.deliver)
        await broker.subscribe(other, others.deliver)
        await broker.send(group.rung(0), make_message(group.topic.name).move(1))
        await mine.take()
        await broker.publish(make_message(group.topic.name, b"last"))
        assert (await others.take()).body == b"last"

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

    async def test_a_place_can_be_looked_into(self, broker: MessageBroker, group: Group) -> None:
        bodies = [b"first", b"second", b"third"]
        for body in bodies:
            await broker.send(group.dead, make_message(group.topic.name, body))
        for _ in range(2):
            assert [each.body async for each in broker.browse(group.dead)] == bodies
        assert (await broker.count(group))[group.dead] == 3

    async def test_what_is_not_kept_is_removed_and_nothing_else(
        self, broker: MessageBroker, group: Group
    ) -> None:
        for body in (b"first", b"second", b"third"):
            await broker.send(group.dead, make_message(group.topic.name, body))

        async def keep(message: Envelope) -> bool:
            return message.body != b"second"

        await broker.sift(group.dead, keep)
        assert [each.body async for each in broker.browse(group.dead)] == [b"first", b"third"]

    async def test_an_empty_place_holds_nothing(self, broker: MessageBroker, group: Group) -> None:
        assert [each async for each in broker.browse(group.dead)] == []

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
            with pytest.raises(PublishError):
                await broker.publish(make_message("nowhere"))

    async def test_a_connected_broker_answers(self, broker: MessageBroker, group: Group) -> None:
        await broker.subscribe(group, Received().deliver)
        await broker.ping()

    async def test_what_was_applied_is_as_declared(
        self, broker: MessageBroker, group: Group
    ) -> None:
        await broker.apply([group.topic], [group])
        assert await broker.check([group.topic], [group]) == []
