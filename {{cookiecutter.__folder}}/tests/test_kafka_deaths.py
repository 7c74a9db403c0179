"""Members of a group on Kafka that die: run with TEST_KAFKA_URL."""

import asyncio

import pytest

from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import Open
from tests.broker_kit import add_group, make_message
from tests.holding_handler import Handler, SlowSuspects
from tests.kafka_handlers import Resting, TakingTurns
from tests.kafka_kit import KafkaFixtures, Kill, wait_for_lanes
from tests.kafka_raw import make_batch, make_record, write_batch


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

    async def test_what_may_have_killed_is_handled_one_at_a_time_in_all_groups(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        holding = Handler(b"held")
        async with open_broker() as broker:
            other = await add_group(broker, group)
            for partition in range(2):
                record = make_batch(make_record(0, b"held"))
                await write_batch(group.topic.name, record, partition)
            await broker.subscribe(group, holding)
            await broker.subscribe(other, holding)
            await holding.begin(4)
            await kill(broker)
        assert holding.most_in_hand == 4
        slow = SlowSuspects()
        async with open_broker() as broker:
            for each in (group, other):
                await broker.subscribe(each, slow)
            await wait_for_lanes(broker, 4)
            slow.ready.set()
            await slow.finish(4)
        assert slow.most_in_hand == 1

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

    async def test_a_suspect_that_waits_holds_up_no_other_and_is_blamed_for_no_death(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        holding = Handler(b"held")
        async with open_broker() as broker:
            other = await add_group(broker, group)
            await broker.publish(make_message(group.topic.name, b"held"))
            await broker.subscribe(group, holding)
            await broker.subscribe(other, holding)
            await holding.begin(2)
            await kill(broker)
        after, resting = Handler(), Resting()
        async with open_broker() as broker:
            await broker.subscribe(group, resting)
            await resting.begin(1)
            await broker.subscribe(other, after)
            await after.begin(1)
            await kill(broker)
        last = Handler()
        async with open_broker() as broker:
            await broker.subscribe(group, last)
            await last.begin(1)
        assert (resting.deaths, after.deaths, last.deaths) == ([(b"held", 1)],) * 3

    async def test_a_suspect_whose_wait_is_over_has_its_turn_again_before_it_goes_on(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        holding, taking_turns = Handler(b"held"), TakingTurns()
        async with open_broker() as broker:
            for partition in range(2):
                record = make_batch(make_record(0, b"held"))
                await write_batch(group.topic.name, record, partition)
            await broker.subscribe(group, holding)
            await holding.begin(2)
            await kill(broker)
        async with open_broker() as broker:
            await broker.subscribe(group, taking_turns)
            await taking_turns.finish(2)
        assert taking_turns.most_in_hand == 1

    async def test_a_suspect_whose_wait_is_over_is_blamed_for_the_next_death(
        self, group: Group, open_broker: Open, kill: Kill
    ) -> None:
        holding, resting, last = Handler(b"held"), Resting(), Handler()
        async with open_broker() as broker:
            await broker.publish(make_message(group.topic.name, b"held"))
            await broker.subscribe(group, holding)
            await holding.begin(1)
            await kill(broker)
        async with open_broker() as broker:
            await broker.subscribe(group, resting)
            await resting.begin(1)
            resting.over.set()
            await resting.begin(1)
            await kill(broker)
        async with open_broker() as broker:
            await broker.subscribe(group, last)
            await last.begin(1)
        assert last.deaths == [(b"held", 2)]
