"""Groups on RabbitMQ when things die: run when TEST_RABBITMQ_URL names a server."""

import asyncio

import pytest
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq import intake
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, Received, make_message
from tests.rabbitmq_kit import RabbitMQFixtures


class TestRabbitMQGroups(RabbitMQFixtures, BrokerFixtures):
    """What a group gets again, and from whom."""

    async def test_what_came_back_is_what_was_sent(
        self, broker: MessageBroker, group: Group
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        await broker.send(group.rung(0), make_message(group.topic.name).move(3))
        assert [name for name in (await received.take()).headers if name.startswith("x-")] == []

    async def test_consumers_come_back_when_the_server_ends_their_channel(
        self, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        received = Received()
        await broker.subscribe(group, received.deliver)
        await channel.queue_delete(group.name)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await wait_for_ping(broker, is_good=False)
            await broker.apply([group.topic], [group])
            await wait_for_ping(broker, is_good=True)
        await broker.publish(make_message(group.topic.name, b"back"))
        assert (await received.take()).body == b"back"

    async def test_a_message_that_waits_for_long_is_taken_back_by_us_and_not_by_the_server(
        self, broker: MessageBroker, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intake, "WATCH_SECONDS", 0.01)
        monkeypatch.setattr(intake, "OVERDUE_SECONDS", 0.1)
        received, calls = Received(), 0

        async def deliver(incoming: Incoming) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                await asyncio.Event().wait()
            await received.deliver(incoming)

        await broker.subscribe(group, deliver)
        message = make_message(group.topic.name)
        await broker.publish(message)
        assert (await received.take()).id == message.id
        await broker.pause()
        assert sum((await broker.count(group)).values()) == 0

    async def test_a_pause_that_takes_too_long_leaves_nothing_open(self, group: Group) -> None:
        begun = asyncio.Event()

        async def hang(_: Incoming) -> None:
            begun.set()
            await asyncio.Event().wait()

        broker = self.make()
        await broker.connect()
        await broker.subscribe(group, hang)
        await broker.publish(make_message(group.topic.name))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await begun.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await broker.pause()
            await broker.close()


async def wait_for_ping(broker: MessageBroker, *, is_good: bool) -> None:
    while True:
        try:
            await broker.ping()
            answered = True
        except BrokerUnavailableError:
            answered = False
        if answered is is_good:
            return
        await asyncio.sleep(0.01)
