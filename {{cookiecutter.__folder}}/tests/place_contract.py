"""What every broker must do with the places of a group: its rungs and its dead letters."""

import asyncio

from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import Received, make_message


class PlaceContract:
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
