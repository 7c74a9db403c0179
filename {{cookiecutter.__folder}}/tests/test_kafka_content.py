"""Records of any content on Kafka: none holds up another. Run with TEST_KAFKA_URL."""

import logging
from collections.abc import Sequence

import pytest

from app.core.metrics import MESSAGES_UNREADABLE
from app.services.kafka.batches import CONTENT_TYPE
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic
from tests.broker_kit import Received, make_message
from tests.kafka_kit import KafkaFixtures, take_odd, wait_for_lag
from tests.kafka_raw import (
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    make_batch,
    make_record,
    open_plain_client,
    write_batch,
)

# Java reads the stream to its end and leaves the rest, Python says that it is no gzip.
TRAILING = make_batch(make_record(0, b"lost"), make_record(1, b"lost"), codec=GZIP, rest=b"rubbish")
BROKEN_NAME = make_record(1, b"odd", headers=[(b"\xff\xfe", b"value"), (b"tenant", None)])
ODD_RECORDS = (make_record(0, b"first"), BROKEN_NAME, make_record(2, None), make_record(3, b"last"))
READ = [b"first", b"odd", b"", b"last"]


class TestKafkaContent(KafkaFixtures):
    """What is read of records, wherever the service reads."""

    @pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
    async def test_compressed_records_are_read(
        self, broker: MessageBroker, group: Group, codec: int
    ) -> None:
        name = {GZIP: "gzip", SNAPPY: "snappy", LZ4: "lz4", ZSTD: "zstd"}[codec]
        async with open_plain_client(compression_type=name) as client:
            await client.send_and_wait(group.topic.name, b"packed" * 1000, partition=0)
        await self.expect(broker, group, [b"packed" * 1000])

    async def test_what_cannot_be_unpacked_is_handed_over_as_its_bytes(
        self, broker: MessageBroker, group: Group, caplog: pytest.LogCaptureFixture
    ) -> None:
        await write_batch(group.topic.name, make_batch(make_record(0, b"before")))
        first = await write_batch(group.topic.name, TRAILING)
        await write_batch(group.topic.name, make_batch(make_record(0, b"behind")))
        odd = await take_odd(broker, group)
        assert odd.content_type == CONTENT_TYPE
        assert odd.body.endswith(b"rubbish")
        assert odd.headers["unreadable-offsets"] == f"{first}-{first + 1}"
        [line] = [each for each in caplog.records if each.message == "records not readable"]
        assert line.levelno == logging.ERROR
        assert MESSAGES_UNREADABLE.labels(group.topic.name)._value.get() == 1
        await wait_for_lag(broker, group, 0)

    async def test_a_record_that_the_client_cannot_decode_harms_no_other_of_its_batch(
        self, broker: MessageBroker, group: Group
    ) -> None:
        for codec in (0, GZIP, SNAPPY, LZ4, ZSTD):
            await write_batch(group.topic.name, make_batch(*ODD_RECORDS, codec=codec))
        await self.expect(broker, group, READ * 5)
        await wait_for_lag(broker, group, 0)

    async def test_other_partitions_go_on(self, broker: MessageBroker, group: Group) -> None:
        await write_batch(group.topic.name, TRAILING, 0)
        await write_batch(group.topic.name, make_batch(*ODD_RECORDS), 1)
        received = Received()
        await broker.subscribe(group, received.deliver)
        bodies = await received.take_bodies(5)
        assert [each for each in bodies if not each.endswith(b"rubbish")] == READ

    async def test_listeners_hear_what_is_around_it(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.listen(group.topic, received.deliver)
        for batch in (make_batch(*ODD_RECORDS), TRAILING, make_batch(make_record(0, b"end"))):
            await write_batch(group.topic.name, batch)
        bodies = await received.take_bodies(6)
        assert (bodies[:4], bodies[5]) == (READ, b"end")

    async def test_places_can_be_looked_into_and_emptied(
        self, broker: MessageBroker, group: Group
    ) -> None:
        for batch in (make_batch(*ODD_RECORDS), TRAILING):
            await write_batch(group.dead, batch)
        await broker.send(group.dead, make_message(group.topic.name, b"kept"))

        async def keep(message: Envelope) -> bool:
            return message.body == b"kept" or message.content_type == CONTENT_TYPE

        for _ in range(2):
            found = [each async for each in broker.browse(group.dead)]
            assert [each.body for each in found if each.body in READ] == READ
        await broker.sift(group.dead, keep)
        left = [each async for each in broker.browse(group.dead)]
        assert [each.content_type == CONTENT_TYPE for each in left] == [True, False]

    async def test_requests_are_answered_among_it(
        self, broker: MessageBroker, group: Group
    ) -> None:
        async def respond(message: Envelope) -> Envelope:
            return message

        replies = Topic(name=f"{group.name}.replies", topology=group.topic.topology)
        await broker.apply([replies], [])
        for topic in (group.topic.name, replies.name):
            for partition in range(2):
                await write_batch(topic, TRAILING, partition)
                await write_batch(topic, make_batch(*ODD_RECORDS), partition)
        await broker.answer(Group(name=f"{group.name}-asked", topic=group.topic), respond)
        for number in range(3):
            message = make_message(group.topic.name, b"asked", key=str(number))
            reply = await broker.ask(message, replies.name, 20)
            assert reply.body == b"asked"
            for partition in range(2):
                await write_batch(replies.name, TRAILING, partition)

    async def test_what_an_aborted_transaction_wrote_is_seen_by_nobody(
        self, broker: MessageBroker, group: Group
    ) -> None:
        heard = Received()
        await broker.listen(group.topic, heard.deliver)
        for place in (group.topic.name, group.dead):
            async with open_plain_client(transactional_id=f"{place}-tx") as client:
                await client.begin_transaction()
                await client.send_and_wait(place, b"aborted", partition=0)
                await client.abort_transaction()
                async with client.transaction():
                    await client.send_and_wait(place, b"committed", partition=0)
        await self.expect(broker, group, [b"committed"])
        assert (await heard.take()).body == b"committed"
        assert [each.body async for each in broker.browse(group.dead)] == [b"committed"]
        await wait_for_lag(broker, group, 0)

    async def test_an_aborted_transaction_alone_waits_for_nobody(
        self, broker: MessageBroker, group: Group
    ) -> None:
        async with open_plain_client(transactional_id=f"{group.name}-tx") as client:
            await client.begin_transaction()
            await client.send_and_wait(group.topic.name, b"aborted", partition=0)
            await client.abort_transaction()
        await broker.subscribe(group, Received().deliver)
        await wait_for_lag(broker, group, 0)

    async def test_among_what_cannot_be_read_aborted_transactions_are_seen_by_nobody_either(
        self, broker: MessageBroker, group: Group
    ) -> None:
        async with open_plain_client(transactional_id=f"{group.name}-tx") as client:
            await client.begin_transaction()
            await client.send_and_wait(group.topic.name, b"no", partition=0)
            await client.abort_transaction()
            async with client.transaction():
                await client.send_and_wait(group.topic.name, b"yes", partition=0)
        await write_batch(group.topic.name, TRAILING, 0)
        received = Received()
        await broker.subscribe(group, received.deliver)
        bodies = await received.take_bodies(2)
        assert bodies[0] == b"yes"
        assert bodies[1].endswith(b"rubbish")

    async def expect(self, broker: MessageBroker, group: Group, bodies: Sequence[bytes]) -> None:
        """Subscribe, and get these first."""
        received = Received()
        await broker.subscribe(group, received.deliver)
        assert await received.take_bodies(len(bodies)) == list(bodies)
