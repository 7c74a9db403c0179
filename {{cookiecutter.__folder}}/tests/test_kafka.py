"""The broker on Kafka: run when TEST_KAFKA_URL names one."""

import asyncio
import os

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.services.kafka.client import read_url
from app.services.kafka_service import KafkaBroker
from app.utils.broker_errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MessageRefusedError,
    UnroutableError,
)
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic, Topology
from tests.broker_kit import Received, make_message
from tests.durable_broker_contract import DurableBrokerContract

URL = os.environ.get("TEST_KAFKA_URL", "")


@pytest.mark.skipif(not URL, reason="TEST_KAFKA_URL is not set")
class TestKafkaBroker(DurableBrokerContract):
    """The contract on a real server, and what is Kafka's own."""

    def make(self) -> KafkaBroker:
        return KafkaBroker(URL)

    async def test_a_plain_client_needs_no_headers(
        self, broker: MessageBroker, group: Group
    ) -> None:
        producer = AIOKafkaProducer(**read_url(URL))
        await producer.start()
        await producer.send_and_wait(group.topic.name, b"{}", key=b"7", partition=1)
        await producer.stop()
        received = Received()
        await broker.subscribe(group, received.deliver)
        message = await received.take()
        assert (message.id, message.key) == (f"{group.topic.name}/1/0", "7")

    async def test_a_name_that_no_topic_can_have_is_refused(self, broker: MessageBroker) -> None:
        for name in ("no topic", "..", "", "x" * 250):
            with pytest.raises(MessageRefusedError):
                await broker.publish(make_message(name))

    async def test_publishing_creates_no_topic(self, broker: MessageBroker, group: Group) -> None:
        missing = Topic(name=f"{group.topic.name}-none")
        with pytest.raises(UnroutableError):
            await broker.publish(make_message(missing.name))
        assert await broker.check([missing], []) == [f"{missing.name}: there is no such topic"]

    async def test_what_the_server_refuses_stops_no_other(
        self, broker: MessageBroker, group: Group
    ) -> None:
        topic = f"{group.topic.name}-small"
        admin = AIOKafkaAdminClient(**read_url(URL))
        await admin.start()
        small = NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "1000"})
        await admin.create_topics([small])
        await admin.close()
        declared = Topic(name=topic, topology=Topology(partitions=1, replicas=1))
        await broker.apply([declared], [])  # which returns when every server knows of it
        with pytest.raises(MessageRefusedError):
            await broker.publish(make_message(topic, b"x" * 20_000))
        await broker.publish(make_message(topic))

    async def test_partitions_are_added_and_never_removed(
        self, broker: MessageBroker, group: Group
    ) -> None:
        more = Topic(name=group.topic.name, topology=Topology(partitions=4, replicas=1))
        assert await broker.check([more], []) == [f"{more.name}: it has 2 partitions, not 4"]
        await broker.apply([more], [])
        assert await broker.check([more], []) == []
        await broker.apply([group.topic], [])
        assert await broker.check([more], []) == []

    async def test_a_server_that_refuses_says_so_without_the_password(self) -> None:
        broker = KafkaBroker(URL.replace("://", "://someone:secret@"))
        with pytest.raises(BrokerRefusedError) as caught:
            await broker.connect()
        assert len(str(caught.value).splitlines()) == 1
        assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_one_error_in_one_line() -> None:
    broker = KafkaBroker("kafka://127.0.0.1:1")
    for _ in range(2):
        with pytest.raises(BrokerUnavailableError) as caught:
            await broker.connect()
        assert len(str(caught.value).splitlines()) == 1
    await broker.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
