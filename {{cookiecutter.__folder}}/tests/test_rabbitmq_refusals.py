"""What RabbitMQ refuses for good harms nothing else: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from dataclasses import replace

import aio_pika
import pytest
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.commands import Queue

from app.services.rabbitmq.messages import MAX_BYTES
from app.services.rabbitmq.sending import LARGE_BYTES
from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.broker_errors import BrokerRefusedError, MessageRefusedError
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, Received, make_message
from tests.rabbitmq_kit import URL, RabbitMQFixtures, refusing

REFUSED_BYTES = 140 * 1024 * 1024


def is_transient(declared: Queue.Declare) -> bool:
    """Tell whether RabbitMQ 4.3 refuses the queue."""
    return not (declared.passive or declared.durable or declared.exclusive)


def is_for_requests(declared: Queue.Declare) -> bool:
    return (declared.queue or "").endswith(".requests")


async def find_largest() -> int:
    """Return a size that the server may deliver: RabbitMQ 4 takes less from clients than 3 did."""
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        message = aio_pika.Message(bytes(17 * LARGE_BYTES))
        try:
            await channel.default_exchange.publish(message, queue.name)
        except ChannelPreconditionFailed:
            return MAX_BYTES
        return message.body_size


async def respond(message: Envelope) -> Envelope:
    return message


class TestRabbitMQRefusals(RabbitMQFixtures, BrokerFixtures):
    """Queues and messages that the server does not take."""

    async def test_nothing_is_declared_that_newer_servers_refuse(
        self, broker: MessageBroker, group: Group
    ) -> None:
        del broker
        received = Received()
        async with refusing(is_transient) as url:
            newer = RabbitMQBroker(url)
            await newer.connect()
            await newer.apply([group.topic], [group])
            await newer.subscribe(group, received.deliver)
            await newer.listen(group.topic, received.deliver)
            asked = replace(group.topic, name=f"{group.topic.name}-asked")
            await newer.answer(Group(name=f"{group.name}-asked", topic=asked), respond)
            await newer.publish(make_message(group.topic.name, b"sent"))
            assert await received.take_bodies(2) == [b"sent"] * 2
            reply = await newer.ask(make_message(asked.name, b"asked"), "", PATIENCE_SECONDS)
            assert reply.body == b"asked"
            await newer.pause()
            await newer.close()

    async def test_a_refused_queue_of_requests_is_one_sentence_and_ends_no_other_connection(
        self, broker: MessageBroker, group: Group
    ) -> None:
        del broker
        received = Received()
        async with refusing(is_for_requests) as url:
            newer = RabbitMQBroker(url)
            await newer.connect()
            await newer.subscribe(group, received.deliver)
            with pytest.raises(BrokerRefusedError, match="is deprecated") as caught:
                await newer.answer(Group(name=f"{group.name}-asked", topic=group.topic), respond)
            assert len(str(caught.value).splitlines()) == 1
            await newer.ping()
            await newer.publish(make_message(group.topic.name, b"sent"))
            assert (await received.take()).body == b"sent"
            await newer.close()

    async def test_a_message_larger_than_the_server_allows_harms_no_other(
        self, broker: MessageBroker, group: Group
    ) -> None:
        message = make_message(group.topic.name)
        async with asyncio.timeout(PATIENCE_SECONDS):
            refused, *_ = await asyncio.gather(
                broker.send(group.dead, replace(message, body=bytes(REFUSED_BYTES))),
                *(broker.send(group.dead, message) for _ in range(20)),
                return_exceptions=True,
            )
        assert isinstance(refused, MessageRefusedError)
        assert len([each async for each in broker.browse(group.dead)]) == 20

    async def test_whatever_the_server_delivered_can_be_sent_on(
        self, broker: MessageBroker, group: Group
    ) -> None:
        bodies = [bytes(await find_largest()), bytes(LARGE_BYTES + 1)]
        for body in bodies:
            await broker.send(group.dead, make_message(group.topic.name, body))
        assert [each.body async for each in broker.browse(group.dead)] == bodies

    async def test_100_kilobytes_of_headers_can_be_sent_on_and_more_harms_no_other(
        self, broker: MessageBroker, group: Group
    ) -> None:
        message = make_message(group.topic.name)
        large = replace(message, headers={f"h{number}": "y" * 4000 for number in range(26)})
        await broker.send(group.dead, large)
        larger = replace(message, headers={"h": "y" * 125 * 1024})
        with pytest.raises(MessageRefusedError):
            await broker.send(group.dead, larger)
        await broker.ping()
        assert [each.headers.keys() async for each in broker.browse(group.dead)] == [
            large.headers.keys()
        ]
