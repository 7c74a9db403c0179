"""Dead letters on Kafka that are large: run when TEST_KAFKA_URL names a server."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from app.services.kafka.client import read_url
from app.services.kafka.records import read_envelope
from app.utils.container import Container
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_kit import PATIENCE_SECONDS
from tests.dead_letter_contract import DeadLetterContract
from tests.kafka_kit import URL, KafkaFixtures, allow

BODY = b"x" * 3_000_000
RECORD = {"topic": "t", "partition": 0, "offset": 1, "timestamp": 0, "key": None, "value": b"{}"}


async def produce(topic: str, body: bytes, headers: Any = ()) -> None:
    """Write a record as another system does; wait until the topic takes it."""
    producer = AIOKafkaProducer(**read_url(URL), max_request_size=2 * len(BODY))
    await producer.start()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await producer.send_and_wait(topic, body, headers=list(headers))
                except MessageSizeTooLargeError:
                    # The broker has what `allow` asked for, and has not looked at it yet.
                    await asyncio.sleep(0.1)
                else:
                    break
    finally:
        await producer.stop()


def test_ids_that_are_no_text_are_told_apart() -> None:
    ids = [b"\xff1", b"\xfe1", b"1", b"\xff\xfe1", "\ufffd1".encode()]
    records = [SimpleNamespace(**RECORD, headers=[("ce_id", each)]) for each in ids]
    assert len({read_envelope(record).id for record in records}) == len(ids)


class TestKafkaDeadLetters(KafkaFixtures, DeadLetterContract):
    """Whatever it is, its body is not lost."""

    async def test_what_the_topic_took_its_dead_letters_take(
        self, opened: Container, broker: MessageBroker, group: Group
    ) -> None:
        await allow(group.topic.name, 2 * len(BODY))
        await produce(group.topic.name, BODY)
        await self.subscribe(opened, broker, group)
        dead = await self.wait_for_dead(broker, group)
        assert dead.body == BODY
        assert dead.headers["dead-letter-reason"] == "unreadable"

    async def test_what_they_do_not_take_stays_until_they_do(
        self,
        opened: Container,
        broker: MessageBroker,
        group: Group,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await allow(group.topic.name, 2 * len(BODY))
        await allow(group.dead, len(BODY) - 1)
        await produce(group.topic.name, BODY)
        await self.subscribe(opened, broker, group)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if "message stays, its dead letter is refused" in caplog.messages:
                    break
                await asyncio.sleep(0.1)
        assert [each async for each in broker.browse(group.dead)] == []
        await allow(group.dead, 2 * len(BODY))
        assert (await self.wait_for_dead(broker, group)).body == BODY
