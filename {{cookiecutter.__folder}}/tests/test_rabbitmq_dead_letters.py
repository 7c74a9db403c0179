"""Dead letters on RabbitMQ that are large: run when TEST_RABBITMQ_URL names a server."""

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, HeadersType

from app.services.rabbitmq import messages
from app.utils.container import Container
from app.utils.message_broker import MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.dead_letter_contract import DeadLetterContract
from tests.rabbitmq_kit import RabbitMQFixtures

BODY = b"x" * 200_000


class TestRabbitMQDeadLetters(RabbitMQFixtures, BrokerFixtures, DeadLetterContract):
    """Whatever it is, its body is not lost."""

    async def test_headers_are_trimmed_when_the_server_does_not_take_them(
        self, opened: Container, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        await self.subscribe(opened, broker, group)
        # Room for what a plain client adds, and not for what a dead letter says.
        size = messages.FRAME_BYTES - messages.RESERVED_BYTES - 100
        large: HeadersType = {"x-large": "y" * size, "tenant": "acme"}
        plain = aio_pika.Message(b"unreadable", message_id="7", headers=large)
        await channel.default_exchange.publish(plain, group.name)
        dead = await self.wait_for_dead(broker, group)
        assert (dead.id, dead.body) == ("7", b"unreadable")
        assert dead.headers["tenant"] == "acme"
        assert dead.headers["dead-letter-trimmed"] == f"1: x-large ({size + 7} bytes)"
        assert dead.headers["dead-letter-reason"] == "unreadable"

    @pytest.mark.parametrize("is_suspect", [False, True])
    async def test_what_is_too_large_to_be_sent_is_moved_whole_by_the_server(
        self,
        opened: Container,
        broker: MessageBroker,
        group: Group,
        channel: AbstractChannel,
        monkeypatch: pytest.MonkeyPatch,
        *,
        is_suspect: bool,
    ) -> None:
        monkeypatch.setattr(messages, "MAX_BYTES", len(BODY) - 1)
        await self.subscribe(opened, broker, group)
        plain = aio_pika.Message(BODY, message_id="7")
        place = f"{group.name}.suspects" if is_suspect else group.name
        await channel.default_exchange.publish(plain, place)
        dead = await self.wait_for_dead(broker, group)
        assert (dead.id, dead.body) == ("7", BODY)
        assert (await broker.count(group))[group.topic.name] == 0
