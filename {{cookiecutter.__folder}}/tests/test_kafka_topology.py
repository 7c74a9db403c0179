"""Topics on Kafka as they are declared: run with TEST_KAFKA_URL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.services.kafka.admin import Admin
from app.services.kafka.client import read_url
from app.services.kafka.topology import Declared, list_settings
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_kit import PATIENCE_SECONDS
from tests.holding_handler import pause
from tests.kafka_kit import URL, KafkaFixtures

WEEK = timedelta(days=7)
SETTINGS = ("retention.ms", "min.insync.replicas", "max.message.bytes")


async def change(admin: Admin, topic: str, settings: dict[str, str]) -> None:
    """Change settings of a topic, as an operator does; return when they are in force."""
    await admin.change_settings({topic: settings})
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await admin.find_settings([topic], settings))[topic] != settings:
            await pause()


@pytest.mark.parametrize(
    ("replicas", "servers", "in_sync"),
    [(1, 1, 1), (3, 1, 1), (2, 3, 1), (3, 2, 1), (3, 3, 2), (3, 9, 2), (5, 5, 4)],
)
def test_a_message_is_on_all_servers_but_one_before_it_counts_as_published(
    replicas: int, servers: int, in_sync: int
) -> None:
    topic = Declared(name="order.placed", partitions=3, replicas=replicas, retention_ms=1)
    assert list_settings(topic, servers)["min.insync.replicas"] == str(in_sync)


class TestKafkaTopology(KafkaFixtures):
    """What is in force, and what is declared."""

    @pytest.fixture
    async def admin(self) -> AsyncIterator[Admin]:
        admin = Admin(read_url(URL))
        yield admin
        await admin.close()

    async def test_topics_are_created_with_what_is_declared(
        self, group: Group, admin: Admin
    ) -> None:
        found = await admin.find_settings([group.topic.name, group.dead], SETTINGS)
        week = str(WEEK // timedelta(milliseconds=1))
        assert found[group.topic.name]["retention.ms"] == week
        assert found[group.dead]["retention.ms"] == "-1"
        assert {each["min.insync.replicas"] for each in found.values()} == {"1"}

    @pytest.mark.parametrize("less", ["1000", "604799999"])
    async def test_a_retention_in_force_that_is_less_is_named_and_raised(
        self, broker: MessageBroker, group: Group, admin: Admin, less: str
    ) -> None:
        name = group.topic.name
        await change(admin, name, {"retention.ms": less, "max.message.bytes": "5000"})
        await self.expect(broker, group.topic, f"{name}: its retention.ms is {less}")
        await broker.apply([group.topic], [])
        assert await broker.check([group.topic], []) == []
        found = await admin.find_settings([name], SETTINGS)
        assert found[name]["max.message.bytes"] == "5000"

    async def test_a_dead_letter_that_is_not_kept_for_ever_is_named(
        self, broker: MessageBroker, group: Group, admin: Admin
    ) -> None:
        await change(admin, group.dead, {"retention.ms": "604800000"})
        said = await broker.check([], [group])
        assert said == [f"{group.dead}: its retention.ms is 604800000, not -1"]
        await broker.apply([], [group])
        assert await broker.check([], [group]) == []

    @pytest.mark.parametrize("more", ["864000000", "-1"])
    async def test_a_longer_retention_is_named_and_never_cut(
        self, broker: MessageBroker, group: Group, admin: Admin, more: str
    ) -> None:
        await change(admin, group.topic.name, {"retention.ms": more})
        await broker.apply([group.topic], [])
        await self.expect(broker, group.topic, f"its retention.ms is {more}, more than")
        if more != "-1":
            longer = Topology(partitions=2, replicas=1, retention=timedelta(days=10))
            declared = Topic(name=group.topic.name, topology=longer)
            assert await broker.check([declared], []) == []

    async def test_too_few_servers_for_a_confirmation_are_named_and_raised(
        self, broker: MessageBroker, group: Group, admin: Admin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # As if the server were three.
        monkeypatch.setattr(Declared, "count_in_sync", lambda *_: 2)
        said = await broker.check([group.topic], [])
        assert said == [f"{group.topic.name}: its min.insync.replicas is 1, not 2"]
        await broker.apply([group.topic], [])
        assert await broker.check([group.topic], []) == []
        found = await admin.find_settings([group.topic.name], SETTINGS)
        assert found[group.topic.name]["min.insync.replicas"] == "2"

    async def expect(self, broker: MessageBroker, topic: Topic, sentence: str) -> None:
        [said] = await broker.check([topic], [])
        assert sentence in said
