"""The broker on RabbitMQ: run when TEST_RABBITMQ_URL names one."""

import asyncio
from dataclasses import replace

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.broker_errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MessageRefusedError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group, Topic
from tests.broker_kit import Received, make_message
from tests.durable_broker_contract import DurableBrokerContract
from tests.rabbitmq_kit import URL, RabbitMQFixtures


class TestRabbitMQBroker(RabbitMQFixtures, DurableBrokerContract):
    """The contract on a real server, and what is RabbitMQ's own."""

    async def test_a_plain_client_needs_none_of_our_headers(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        exchange = await channel.get_exchange("events", ensure=False)
        plain = aio_pika.Message(
            b"<a/>",
            message_id="42",
            content_type="application/xml",
            headers={"tries": 3, "tenant": bytearray(b"acme")},
        )
        await exchange.publish(plain, group.topic.name)
        message = await received.take()
        assert (message.id, message.topic) == ("42", group.topic.name)
        assert message.content_type == "application/xml"
        assert message.headers == {"tries": "3", "tenant": "acme"}

    async def test_subscribing_creates_nothing(self, broker: MessageBroker, group: Group) -> None:
        missing = replace(group, name=f"{group.name}-none")
        with pytest.raises(BrokerRefusedError, match=missing.name):
            await broker.subscribe(missing, Received().deliver)

    async def test_a_handler_slower_than_the_server_allows_is_refused(
        self, broker: MessageBroker, group: Group
    ) -> None:
        with pytest.raises(BrokerRefusedError, match="too long"):
            await broker.subscribe(replace(group, timeout=901.0), Received().deliver)

    async def test_a_queue_with_other_arguments_is_named(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        other = replace(group, name=f"{group.name}-other")
        await channel.declare_queue(other.dead, durable=True)
        try:
            with pytest.raises(BrokerRefusedError, match=f"{other.dead} has other arguments"):
                await broker.apply([other.topic], [other])
            said = await broker.check([other.topic], [other])
            assert f"the queue {other.dead} has other arguments" in said[0]
        finally:
            await channel.queue_delete(other.dead)

    @pytest.mark.parametrize("name", ["x" * 256, "ü" * 128])
    async def test_a_topic_of_a_bad_name_is_refused_and_stops_nobody(
        self, broker: MessageBroker, group: Group, name: str
    ) -> None:
        with pytest.raises(MessageRefusedError):
            await broker.publish(make_message(name))
        await broker.publish(make_message(group.topic.name))

    @pytest.mark.parametrize("headers", [{"long": "x" * 200_000}, {"broken": "\udc80"}])
    async def test_headers_that_the_server_would_not_take_are_refused_and_stop_nobody(
        self, broker: MessageBroker, group: Group, headers: dict[str, str]
    ) -> None:
        message = make_message(group.topic.name)
        with pytest.raises(MessageRefusedError):
            await broker.publish(replace(message, headers=headers))
        await broker.publish(message)

    async def test_a_topic_without_a_queue_is_unroutable(
        self, broker: MessageBroker, group: Group
    ) -> None:
        with pytest.raises(UnroutableError):
            await broker.publish(make_message(f"{group.topic.name}-none"))

    async def test_a_full_queue_is_told_of_although_its_neighbour_got_the_message(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        full = await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        await full.bind("events", group.topic.name)
        received = Received()
        await broker.subscribe(group, received.deliver)
        await broker.publish(make_message(group.topic.name, b"1"))
        with pytest.raises(TopicUnavailableError, match="full"):
            await broker.publish(make_message(group.topic.name, b"2"))
        assert await received.take_bodies(2) == [b"1", b"2"]

    async def test_a_full_queue_and_nobody_who_listens_are_told_apart_and_stop_no_other(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        topic = f"{group.topic.name}-full"
        full = await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        await full.bind("events", topic)
        await broker.publish(make_message(topic))
        topics = [topic, f"{group.topic.name}-none", group.topic.name] * 30
        outcomes = await asyncio.gather(
            *(broker.publish(make_message(each)) for each in topics), return_exceptions=True
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [TopicUnavailableError, UnroutableError, type(None)] * 30

    async def test_what_is_asked_of_a_full_queue_is_an_error_at_once(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        topic = f"{group.topic.name}-asked"
        full = await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        await full.bind("events", topic)
        await broker.publish(make_message(topic))
        with pytest.raises(TopicUnavailableError):
            await broker.ask(make_message(topic), "", 30)

    @pytest.mark.parametrize(
        "url",
        [
            URL.replace("//", "//nobody:", 1),
            f"{URL.rpartition('/')[0]}/nowhere",
        ],
        ids=["credentials", "virtual host"],
    )
    async def test_who_is_not_let_in_hears_so_in_one_line_without_the_password(
        self, url: str
    ) -> None:
        broker = RabbitMQBroker(url)
        with pytest.raises(BrokerRefusedError) as caught:
            await broker.connect()
        assert len(str(caught.value).splitlines()) == 1
        assert "service:" not in str(caught.value)


async def test_a_server_that_is_not_there_is_one_error_in_one_line() -> None:
    broker = RabbitMQBroker("amqp://127.0.0.1:1")
    for _ in range(2):
        with pytest.raises(BrokerUnavailableError) as caught:
            await broker.connect()
        assert len(str(caught.value).splitlines()) == 1


async def test_who_is_not_connected_can_do_nothing() -> None:
    broker, topic = RabbitMQBroker("amqp://127.0.0.1:1"), Topic(name="nowhere")
    with pytest.raises(BrokerUnavailableError):
        await broker.subscribe(Group(name="nobody", topic=topic), Received().deliver)
    with pytest.raises(BrokerUnavailableError):
        await broker.ping()
    await broker.pause()
    await broker.close()
