"""Members of a group on Kafka that die: run with TEST_KAFKA_URL."""

import asyncio

import pytest

from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import Open
from tests.broker_kit import make_message
from tests.holding_handler import Handler
from tests.kafka_kit import URL, KafkaFixtures, Kill


@pytest.mark.skipif(not URL, reason="TEST_KAFKA_URL is not set")
class TestKafkaDeaths(KafkaFixtures):
    """Which message is blamed for a death, and which is not."""

    async def test_deaths_are_counted_for_the_message_that_kills_and_no_other(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        async with open_broker() as sender:
            for body in (b"before", b"poison", b"after"):
                await sender.publish(make_message(group.topic.name, body, key="7"))
        deaths: list[tuple[bytes, int]] = []
        for begins, held in ((2, [b"poison"]), (1, [b"poison"]), (2, [])):
            handler = Handler(*held)
            async with open_broker() as broker:
                await broker.subscribe(group, handler)
                await handler.begin(begins)
                if held:
                    await kill(broker)
            deaths += handler.deaths
        assert deaths == [
            (b"before", 0),
            *((b"poison", count) for count in range(3)),
            (b"after", 0),
        ]

    async def test_what_may_have_killed_is_handled_alone(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        async with open_broker() as broker:
            for key in range(8):  # of which some are in each partition
                await broker.publish(make_message(group.topic.name, b"held", key=str(key)))
            holding = Handler(b"held")
            await broker.subscribe(group, holding)
            await holding.begin(2)
            await kill(broker)
        assert holding.most_in_hand == 2
        handler = Handler()
        async with open_broker() as broker:
            await broker.subscribe(group, handler)
            await handler.begin(8)
        assert [count for _, count in handler.deaths].count(1) == 2

    async def test_work_that_is_given_back_is_no_death(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        await broker.publish(make_message(group.topic.name, b"held"))
        async with open_broker() as other:
            holding = Handler(b"held")
            await other.subscribe(group, holding)
            await holding.begin(1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await other.pause()
        handler = Handler()
        await broker.subscribe(group, handler)
        await handler.begin(1)
        assert handler.deaths == [(b"held", 0)]
