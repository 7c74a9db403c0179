"""Members of a group on Kafka that are slow or come and go: run with TEST_KAFKA_URL."""

import asyncio
from functools import partial

import pytest

from app.services.kafka import consumer as kafka_consumer
from app.services.kafka.reading import make_consumer
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_fixtures import Open
from tests.broker_kit import PATIENCE_SECONDS, make_message
from tests.holding_handler import Handler, pause
from tests.kafka_kit import KafkaFixtures, find_committed, wait_for_no_lanes


class TestKafkaGroups(KafkaFixtures):
    """What happens to the members of a group."""

    async def test_only_what_was_completed_is_committed(
        self, group: Group, open_broker: Open
    ) -> None:
        async with open_broker() as broker:
            for body in (b"1", b"2", b"3", b"held", b"5"):
                await broker.publish(make_message(group.topic.name, body, key="7"))
            handler = Handler(b"held")
            await broker.subscribe(group, handler)
            await handler.begin(4)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await broker.pause()
        assert sum((await find_committed(group)).values()) == 3

    async def test_work_that_is_taken_away_is_fenced_and_nothing_is_lost(
        self, group: Group, open_broker: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kafka_consumer, "HANDLING_GRACE_SECONDS", 0.2)
        hasty = partial(make_consumer, heartbeat_interval_ms=200)
        monkeypatch.setattr(kafka_consumer, "make_consumer", hasty)
        bodies = [f"{number}".encode() for number in range(100)]
        holding, handler = Handler(*bodies), Handler()
        async with open_broker() as first, open_broker() as second:
            for body in bodies:
                await first.publish(make_message(group.topic.name, body, key=body.decode()))
            await first.subscribe(group, holding)
            await holding.begin(2)
            await second.subscribe(group, handler)
            await handler.begin(1)
            assert holding.in_hand < 2
            holding.released.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len({body for body, _ in holding.deaths + handler.deaths}) < len(bodies):
                    await pause()
        assert holding.in_hand == handler.in_hand == 0
        assert sum((await find_committed(group)).values()) == len(bodies)

    async def test_work_that_ends_within_the_grace_is_done_once(
        self, group: Group, open_broker: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasty = partial(make_consumer, heartbeat_interval_ms=200)
        monkeypatch.setattr(kafka_consumer, "make_consumer", hasty)
        holding, handler = Handler(b"held"), Handler()
        async with open_broker() as first, open_broker() as second:
            for body in (b"held", b"behind"):
                await first.publish(make_message(group.topic.name, body, key="7"))
            await first.subscribe(group, holding)
            await holding.begin(1)
            await second.subscribe(group, handler)
            await wait_for_no_lanes(first)
            holding.released.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while sum((await find_committed(group)).values()) < 2:
                    await pause()
        assert sorted(holding.deaths + handler.deaths) == [(b"behind", 0), (b"held", 0)]

    async def test_a_slow_handler_keeps_its_partitions(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        impatient = partial(make_consumer, max_poll_interval_ms=1200, heartbeat_interval_ms=200)
        monkeypatch.setattr(kafka_consumer, "make_consumer", impatient)
        alone = Topic(name=group.topic.name, topology=Topology(partitions=1, replicas=1))
        slow = Group(name=f"{group.name}-slow", topic=alone)
        await broker.apply([], [slow])
        begun: list[str] = []
        done: list[str] = []

        async def deliver(incoming: Incoming) -> None:
            begun.append(incoming.origin)
            await asyncio.sleep(2)
            done.append(incoming.origin)

        # Every partition is busy, so that nobody asks for more.
        for number in range(10):
            await broker.publish(make_message(alone.name, key=str(number)))
        await broker.send(slow.rung(0), make_message(alone.name))
        await broker.subscribe(slow, deliver)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(done) < 2:
                await pause()
        await broker.ping()
        assert len(set(begun)) == len(begun)
