"""What every broker must do with messages that wait on a rung."""

import asyncio

from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import Received, make_message


class RungContract:
    """A part of the contract of brokers, which has the fixtures."""

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
