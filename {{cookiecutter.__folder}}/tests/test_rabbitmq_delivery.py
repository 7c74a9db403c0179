"""Messages of any content on RabbitMQ harm no other: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from hypothesis import strategies as st
from pamqp.commands import Basic

from app.services.dead_letters import DeadLetters
from app.services.delivery import Delivery
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.message_broker import Event, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS
from tests.rabbitmq_kit import URL, RabbitMQFixtures
from tests.rabbitmq_outside_kit import (
    ALPHABET,
    RawProperties,
    RawText,
    draw_many,
    properties,
    write_short,
)

EXAMPLES = 100
POLICY = RetryPolicy(attempts=3, ladder=(0.1,), timeout=10.0)
WRITTEN = st.dictionaries(
    st.text(ALPHABET, max_size=60),
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(min_value=-(2**63), max_value=2**63 - 1),
            st.floats(width=32),
            st.decimals(min_value=-1000, max_value=1000, places=3),
            st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            st.text(ALPHABET),
            st.binary().map(bytearray),
        ),
        lambda values: st.lists(values) | st.dictionaries(st.text(ALPHABET, max_size=30), values),
        max_leaves=5,
    ),
    max_size=5,
)


class Numbered(Event, topic="test.numbered"):
    """A message that can be told from others."""

    number: int
    fails: bool = False


class Subscribed:
    """A subscription on a real broker: what other systems sent it, and what became of that."""

    def __init__(self, broker: MessageBroker, group: Group) -> None:
        self._broker = broker
        self._plain: AbstractConnection | None = None
        self._number = 0
        self._is_handled = asyncio.Event()
        self.group = group
        self.letters = DeadLetters(broker=broker, group=group)
        self.sent: set[int] = set()
        self.handled: set[int] = set()

    async def handle(self, event: Numbered) -> None:
        """Handle a message, or fail as it says."""
        if event.fails:
            raise RuntimeError("never")
        self.handled.add(event.number)
        if event.number == self._number:
            self._is_handled.set()

    async def send(
        self,
        made: Basic.Properties,
        *,
        fails: bool = False,
        to: str = "",
        exchange: str = "",
        key: bytes = b"",
    ) -> None:
        """Send a message with properties of any content, to the group's queue or another place."""
        self._number += 1
        self._is_handled.clear()
        body = Numbered(number=self._number, fails=fails).model_dump_json().encode()
        routing_key = RawText(key) if exchange else to or self.group.name
        if self._plain is None:
            self._plain = await aio_pika.connect(URL)
            self._channel = await self._plain.channel()
        underlay = await self._channel.get_underlay_channel()
        try:
            await underlay.basic_publish(
                body, exchange=exchange, routing_key=routing_key, properties=made, timeout=10
            )
        except ConnectionError:
            # The server itself cannot read some, such as a number that is none.
            self._plain = None
        else:
            self.sent.add(self._number)

    async def close(self) -> None:
        """End the other system."""
        if self._plain is not None:
            await self._plain.close()

    async def settle(self) -> set[int]:
        """Wait until everything was handled or is a dead letter; return the latter.

        Good messages get through meanwhile.
        """
        dead: set[int] = set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.sent - self.handled - dead:
                await self.send(Basic.Properties(content_type="application/json"))
                await self._is_handled.wait()
                found = [Numbered.model_validate_json(each.body) for each in await self.list()]
                dead = {each.number for each in found}
        return dead

    async def list(self) -> list[Any]:
        """Return the dead letters."""
        return [each async for each in self._broker.browse(self.group.dead)]


@pytest.fixture(autouse=True)
def real_broker(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service open a broker on the server."""
    del clean_environment
    monkeypatch.setenv("BROKER_URL", URL)


class TestRabbitMQOutside(RabbitMQFixtures, BrokerFixtures):
    """What other systems may write, property by property and header by header."""

    @pytest.fixture
    async def subscribed(self, opened: Container, group: Group) -> AsyncIterator[Subscribed]:
        broker = opened[MessageBroker]
        made = Subscribed(broker, group)
        consumer = Consumer()
        consumer.on(Numbered, name=group.name, retry=POLICY)(made.handle)
        await broker.connect()
        await broker.subscribe(group, Delivery(consumer.subscriptions[0], group, opened))
        yield made
        await made.close()
        await broker.pause()
        await broker.close()

    async def test_properties_of_any_bytes_are_handled_or_dead_letters(
        self, subscribed: Subscribed
    ) -> None:
        for number, drawn in enumerate(draw_many(properties(), EXAMPLES)):
            if "message_id" in drawn:
                drawn["message_id"] = write_short(drawn["message_id"][1:240] + b"%d" % number)
            await subscribed.send(RawProperties(drawn))
        await subscribed.settle()

    async def test_what_a_client_writes_is_handled_or_a_dead_letter(
        self, subscribed: Subscribed
    ) -> None:
        for headers in draw_many(WRITTEN, EXAMPLES):
            made = Basic.Properties(headers=headers, content_type="application/json")
            await subscribed.send(made)
        assert await subscribed.settle() == set()

    async def test_what_fails_is_tried_and_a_dead_letter_whatever_its_properties(
        self, subscribed: Subscribed
    ) -> None:
        for number, drawn in enumerate(draw_many(properties(), EXAMPLES // 3)):
            drawn["message_id"] = write_short(b"%d" % number)
            drawn["content_type"] = write_short(b"application/json")
            await subscribed.send(RawProperties(drawn), fails=True)
        assert subscribed.sent <= await subscribed.settle() | subscribed.handled
        assert len(await subscribed.list()) > EXAMPLES // 5

    @pytest.mark.parametrize("key", [b"\xff\xfe", "ü".encode(), b"\xff" * 255, b"", b"a b\0"])
    async def test_a_routing_key_of_any_bytes_is_read(
        self, subscribed: Subscribed, channel: AbstractChannel, key: bytes
    ) -> None:
        everything = await channel.declare_exchange(
            f"{subscribed.group.name}.all", ExchangeType.FANOUT, auto_delete=True
        )
        queue = await channel.get_queue(subscribed.group.name, ensure=False)
        await queue.bind(everything)
        await subscribed.send(
            Basic.Properties(content_type="application/json"), exchange=everything.name, key=key
        )
        assert await subscribed.settle() == set()

    async def test_dead_letters_of_any_content_are_read_replayed_and_purged(
        self, subscribed: Subscribed
    ) -> None:
        for drawn in draw_many(properties(), EXAMPLES // 3):
            drawn.pop("message_id", None)
            await subscribed.send(RawProperties(drawn), to=subscribed.group.dead)
        sent = len(subscribed.sent)
        assert len(await subscribed.list()) == sent
        assert await subscribed.letters.replay(lambda _: True) == sent
        await subscribed.settle()
        left = len(await subscribed.list())
        assert await subscribed.letters.purge(lambda _: True) == left
        assert await subscribed.list() == []
