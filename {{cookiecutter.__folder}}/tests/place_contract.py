"""What every broker must let an operator do with what a place holds."""

from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import make_message


class PlaceContract:
    """A part of the contract of brokers, which has the fixtures."""

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
