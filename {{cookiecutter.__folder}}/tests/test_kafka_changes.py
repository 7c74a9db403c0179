"""Topics on Kafka that change while they are read: run with TEST_KAFKA_URL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiokafka.admin import NewTopic

from app.services.kafka import admin, changes
from app.services.kafka.admin import Admin
from app.services.kafka.client import read_url
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_fixtures import Open
from tests.broker_kit import PATIENCE_SECONDS, Received, make_message
from tests.holding_handler import pause
from tests.kafka_kit import URL, KafkaFixtures, find_committed, wait_for_lag
from tests.kafka_raw import NOW, make_batch, make_record, write_batch


async def remake(topic: str) -> None:
    """Delete a topic and make another of its name; its consumers may let the server do that."""
    own = Admin(read_url(URL))
    before = (await own.describe([topic])).ids
    await own.ask(lambda client: client.delete_topics([topic]))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await own.describe([topic])).ids in ({}, before):
            await own.ask(lambda client: client.create_topics([NewTopic(topic, 2, 1)]))
            await pause()
    await own.close()


async def wait_for(is_true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_true():
            await pause()


class TestKafkaChanges(KafkaFixtures):
    """More partitions, other topics of the same name, and topics of older policies."""

    @pytest.fixture(autouse=True)
    def look_often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(changes, "LOOK_SECONDS", 0.2)
        monkeypatch.setattr(changes, "LOOK_FOR_RUNGS_SECONDS", 0.5)
        monkeypatch.setattr(admin, "LIST_SECONDS", 0.1)

    @pytest.mark.parametrize("kind", ["group", "listener"])
    async def test_new_partitions_are_read_from_their_beginning(
        self, broker: MessageBroker, group: Group, kind: str
    ) -> None:
        received = Received()
        if kind == "group":
            await broker.subscribe(group, received.deliver)
        else:
            await broker.listen(group.topic, received.deliver)
        for number in range(20):
            await broker.publish(make_message(group.topic.name, b"old", key=str(number)))
        assert set(await received.take_bodies(20)) == {b"old"}
        more = Topic(name=group.topic.name, topology=Topology(partitions=6, replicas=1))
        await broker.apply([more], [])
        sent = [f"{partition}".encode() for partition in range(6)]
        for partition, body in enumerate(sent):
            await write_batch(more.name, make_batch(make_record(0, body)), partition)
        assert sorted(await received.take_bodies(6)) == sent
        assert received.is_empty

    async def test_messages_without_ids_are_others_in_a_topic_that_is_made_again(
        self, group: Group, open_broker: Open
    ) -> None:
        # At the same offsets, of the same time.
        batch = make_batch(make_record(0, b"one"), make_record(1, b"two"), timestamp=NOW)
        found: list[str] = []
        for _ in range(2):
            received = Received()
            await write_batch(group.topic.name, batch)
            async with open_broker() as broker:
                await broker.subscribe(group, received.deliver)
                found += [(await received.take()).id for _ in range(2)]
            await remake(group.topic.name)
        assert len(set(found)) == 4

    async def test_a_message_without_an_id_keeps_the_same_one(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        await write_batch(group.topic.name, make_batch(make_record(0, b"one")))
        received = Received()
        await broker.subscribe(group, received.deliver)
        async with open_broker() as other:
            again = replace(group, name=f"{group.name}-2")
            await other.apply([], [again])
            await other.subscribe(again, received.deliver)
            assert (await received.take()).id == (await received.take()).id

    @pytest.mark.parametrize("kind", ["group", "listener"])
    async def test_a_topic_that_is_made_again_is_read_from_its_beginning(
        self, broker: MessageBroker, group: Group, kind: str
    ) -> None:
        received = Received()
        if kind == "group":
            await broker.subscribe(group, received.deliver)
        else:
            await broker.listen(group.topic, received.deliver)
        old = make_batch(*(make_record(number, b"old") for number in range(3)))
        await write_batch(group.topic.name, old)
        await received.take_bodies(3)
        if kind == "group":
            await wait_for_lag(broker, group, 0)
        await remake(group.topic.name)
        new = [b"%d" % number for number in range(9)]
        records = (make_record(number, body) for number, body in enumerate(new))
        await write_batch(group.topic.name, make_batch(*records))
        # Some may come before it is noticed, and then again.
        missing = {*new}
        while missing:
            missing.discard((await received.take()).body)

    async def test_what_waits_under_an_older_policy_is_counted_and_comes(
        self, broker: MessageBroker, group: Group, open_broker: Open
    ) -> None:
        older = replace(group, ladder=(0.2, 3600.0))
        await broker.apply([], [older])
        async with open_broker() as member:
            await member.subscribe(older, Received().deliver)
            await member.ping()
            await wait_for(lambda: self.has_read(older, 4))
        for step in range(2):
            await broker.send(older.rung(step), make_message(group.topic.name, b"%d" % step))
        assert (await broker.count(group))[older.rung(1)] == 1
        received = Received()
        await broker.subscribe(group, received.deliver)
        assert (await received.take()).body == b"0"
        assert (await broker.count(group))[older.rung(1)] == 1

    async def test_what_waits_under_another_policy_comes_to_those_that_run_already(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.publish(make_message(group.topic.name, b"first"))
        await broker.subscribe(group, received.deliver)
        assert (await received.take()).body == b"first"
        # Another version of the service comes, fails a message, and goes again.
        other = replace(group, ladder=(0.2,))
        await broker.apply([], [other])
        await broker.send(other.rung(0), make_message(group.topic.name, b"second"))
        assert (await received.take()).body == b"second"

    async def test_topics_of_other_groups_are_none_of_an_older_policy(self, group: Group) -> None:
        names = [f"{group.name}.retry.5s", f"{group.name}2.retry.5s", f"x{group.name}.retry.5s"]
        names += [f"{group.name}.retry.soon", f"{group.name}.dead", f"{group.name}.retry.5s.dead"]
        assert group.find_other_rungs([*names, *group.rungs]) == {names[0]: 5.0}

    async def has_read(self, group: Group, count: int) -> bool:
        """Tell whether a group has committed that many partitions of its delays."""
        return len(await find_committed(group, *group.rungs)) == count
