"""The broker on Kafka: run when TEST_KAFKA_URL names one."""

import asyncio
import os
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.producer.sender import SendProduceReqHandler

from app.services.kafka.client import read_url
from app.services.kafka_service import KafkaBroker
from app.utils.broker_errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MessageRefusedError,
    TopicUnavailableError,
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
        sent = await producer.send_and_wait(group.topic.name, b"{}", key=b"7", partition=1)
        await producer.stop()
        received = Received()
        await broker.subscribe(group, received.deliver)
        message = await received.take()
        assert (message.body, message.key) == (b"{}", "7")
        assert message.id.endswith(f"/1/0/{sent.timestamp}")

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
        topic = await create(broker, f"{group.topic.name}-small", {"max.message.bytes": "1000"})
        with pytest.raises(MessageRefusedError):
            await broker.publish(make_message(topic, b"x" * 20_000))
        await broker.publish(make_message(topic))

    async def test_of_a_batch_that_is_too_large_only_what_is_itself_too_large_is_refused(
        self, broker: MessageBroker, group: Group
    ) -> None:
        topic = await create(broker, f"{group.topic.name}-small", {"max.message.bytes": "1000"})
        messages = [make_message(topic, b"%d" % number) for number in range(50)]
        large = make_message(topic, b"x" * 2000)
        messages.insert(25, large)
        results = await asyncio.gather(
            *(broker.publish(each) for each in messages), return_exceptions=True
        )
        assert [type(each) for each in results if each] == [MessageRefusedError]
        assert isinstance(results[25], MessageRefusedError)
        written = [each.id async for each in broker.browse(topic)]
        assert sorted(written) == sorted(each.id for each in messages if each is not large)

    async def test_a_topic_with_too_few_replicas_in_sync_stops_no_other(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        short = Topic(name=f"{group.topic.name}-short", topology=group.topic.topology)
        await broker.apply([short], [])
        handle = SendProduceReqHandler.handle_response

        def refuse(self: Any, response: Any) -> None:
            # As the client does with NotEnoughReplicasError, which one server alone never tells.
            stuck = [batch for at, batch in self._batches.items() if at.topic == short.name]
            self._to_reenqueue += stuck
            if not stuck:
                handle(self, response)

        with monkeypatch.context() as patch:
            patch.setattr(SendProduceReqHandler, "handle_response", refuse)
            for _ in range(2):
                with pytest.raises(TopicUnavailableError, match="replicas in sync"):
                    await broker.publish(make_message(short.name))
                await broker.publish(make_message(group.topic.name))
        await broker.publish(make_message(short.name))

    async def test_a_record_that_the_topic_forbids_is_refused_alone(
        self, broker: MessageBroker, group: Group
    ) -> None:
        topic = await create(broker, f"{group.topic.name}-compact", {"cleanup.policy": "compact"})
        with pytest.raises(MessageRefusedError, match="needs a key"):
            await broker.publish(make_message(topic))
        keys = [*map(str, range(20)), None, *map(str, range(20, 40))]
        results = await asyncio.gather(
            broker.publish(make_message(group.topic.name)),
            *(broker.publish(make_message(topic, key=key)) for key in keys),
            return_exceptions=True,
        )
        assert [type(each) for each in results if each] == [MessageRefusedError]
        assert isinstance(results[21], MessageRefusedError)
        assert [each.key async for each in broker.browse(topic)] == [key for key in keys if key]

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


async def create(broker: MessageBroker, topic: str, settings: dict[str, str]) -> str:
    """Create a topic with a partition, and return it when every server knows of it."""
    admin = AIOKafkaAdminClient(**read_url(URL))
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=settings)])
    await admin.close()
    await broker.apply([Topic(name=topic, topology=Topology(partitions=1, replicas=1))], [])
    return topic


async def test_a_server_that_is_not_there_is_one_error_in_one_line() -> None:
    broker = KafkaBroker("kafka://127.0.0.1:1")
    for _ in range(2):
        with pytest.raises(BrokerUnavailableError) as caught:
            await broker.connect()
        assert len(str(caught.value).splitlines()) == 1
    await broker.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
