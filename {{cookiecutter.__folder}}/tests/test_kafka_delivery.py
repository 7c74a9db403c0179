"""Messages from outside on Kafka, of any content: none stops another. Run with TEST_KAFKA_URL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiokafka.errors import KafkaError
from prometheus_client import REGISTRY

from app.services.delivery import Delivery
from app.services.kafka.admin import Admin
from app.services.kafka.client import read_url
from app.utils.broker_errors import MessageRefusedError, PublishError
from app.utils.consumer import Consumer
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS, make_message
from tests.delivery_kit import FAST, Ordered
from tests.holding_handler import pause
from tests.kafka_kit import URL, KafkaFixtures
from tests.kafka_outside_kit import draw_many, foreign_batches, own_messages
from tests.kafka_raw import open_plain_client, write_batch

EXAMPLES = 250
# A server takes none of a time that is far ahead, unless it is told to.
ANY_TIME = {"message.timestamp.after.max.ms": str(2**63 - 1)}


class TestKafkaFromOutside(KafkaFixtures):
    """Each message is handled or a dead letter, whatever it holds, and good ones flow on."""

    @pytest.fixture
    async def handled(
        self, broker: MessageBroker, group: Group, opened: Container
    ) -> AsyncIterator[list[int]]:
        """The numbers of the events that were handled, from now on."""
        numbers: list[int] = []

        async def handle(event: Ordered) -> None:
            numbers.append(event.number)

        consumer = Consumer()
        consumer.on(Ordered, name=group.name, retry=FAST)(handle)
        opened.add(MessageBroker, broker)
        delivery = Delivery(consumer.subscriptions[0], group, opened)
        await broker.subscribe(group, delivery)
        yield numbers
        await broker.pause()  # before what handlers need is closed

    async def test_records_of_other_systems(
        self, broker: MessageBroker, group: Group, handled: list[int]
    ) -> None:
        admin = Admin(read_url(URL))
        await admin.change_settings({group.topic.name: ANY_TIME})
        await admin.close()
        sent = 0
        async with open_plain_client() as client:
            for number, batch in enumerate(draw_many(foreign_batches(), EXAMPLES)):
                try:
                    await write_batch(group.topic.name, batch.data, number % 2, client=client)
                except KafkaError:
                    continue  # which the server itself takes from nobody
                sent += batch.records
        assert sent > EXAMPLES
        await self.expect_all(broker, group, handled, sent)

    async def test_messages_of_services_with_odd_values(
        self, broker: MessageBroker, group: Group, handled: list[int]
    ) -> None:
        sent = refused = 0
        for message in draw_many(own_messages(), EXAMPLES):
            try:
                await broker.publish(replace(message, topic=group.topic.name))
                sent += 1
            except MessageRefusedError:
                refused += 1
        assert sent > EXAMPLES / 2
        assert refused > 0
        await self.expect_all(broker, group, handled, sent)

    async def test_a_name_of_a_topic_that_is_odd_is_refused(self, broker: MessageBroker) -> None:
        for message in draw_many(own_messages(), 50):
            with pytest.raises(PublishError):
                await broker.publish(replace(message, topic=message.source))

    async def expect_all(
        self, broker: MessageBroker, group: Group, handled: list[int], sent: int
    ) -> None:
        """Expect that nothing waits, that all were handled or put aside, and good ones are."""
        for key in ("a", "b", "c", "d"):
            await broker.publish(make_message(group.topic.name, b'{"number": -1}', key=key))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while handled.count(-1) < 4:
                await pause()
            while sum(await self.count_waiting(broker, group)):
                await pause()
        dead = [message async for message in broker.browse(group.dead)]
        assert len(handled) + len(dead) + self.count_duplicates(group) == sent + 4
        await self.expect_to_be_replayed(broker, group, dead)

    async def expect_to_be_replayed(
        self, broker: MessageBroker, group: Group, dead: list[Envelope]
    ) -> None:
        """Expect that dead letters can be looked at and removed, one by one."""
        kept = {each.id for each in dead[::2]}

        async def keep(message: Envelope) -> bool:
            return message.id in kept

        await broker.sift(group.dead, keep)
        assert {each.id async for each in broker.browse(group.dead)} == kept

    async def count_waiting(self, broker: MessageBroker, group: Group) -> list[int]:
        """Count what waits, now or for another attempt."""
        return [
            count for place, count in (await broker.count(group)).items() if place != group.dead
        ]

    def count_duplicates(self, group: Group) -> int:
        """Count what had an id that was seen before."""
        labels = {"subscription": group.name, "outcome": "duplicate"}
        return int(REGISTRY.get_sample_value("messages_handled_total", labels) or 0)
