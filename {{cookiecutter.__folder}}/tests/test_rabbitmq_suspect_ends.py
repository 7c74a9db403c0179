"""Suspects on RabbitMQ that have no place to end: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq.messages import write_suspect
from app.services.rabbitmq.queues import name_suspects
from app.utils.container import Container
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, add_group, make_message
from tests.dead_letter_contract import DeadLetterContract
from tests.rabbitmq_kit import RabbitMQFixtures
from tests.rabbitmq_suspect_kit import ATTEMPTS, Failing, hurry, subscribe

FULL: Any = {"x-max-length": 1, "x-overflow": "reject-publish"}


@asynccontextmanager
async def full(channel: AbstractChannel, place: str) -> AsyncIterator[None]:
    """Have a queue take nothing during the block, as a limit on its length makes it."""
    await channel.queue_delete(place)
    queue = await channel.declare_queue(place, durable=True, arguments=FULL)
    await channel.default_exchange.publish(aio_pika.Message(b"filling"), place)
    yield
    await queue.purge()


class TestRabbitMQSuspectEnds(RabbitMQFixtures, BrokerFixtures, DeadLetterContract):
    """They are handed back until their dead letter is taken, and hold up nobody."""

    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hurry(monkeypatch)

    async def test_a_suspect_that_failed_is_tried_again_until_its_dead_letter_is_taken(
        self, opened: Container, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        failing = Failing()
        async with full(channel, group.dead):
            await subscribe(opened, broker, group, failing)
            suspect = write_suspect(make_message(group.topic.name), 1)
            await broker.send(name_suspects(group), suspect)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await failing.was_called_often.wait()
        dead = await self.wait_for_dead(broker, group)
        assert dead.id == suspect.id
        assert (dead.headers["dead-letter-reason"], dead.attempt) == ("failed", ATTEMPTS)

    async def test_a_suspect_that_is_buried_without_its_handler_has_it_not_called(
        self, opened: Container, broker: MessageBroker, group: Group, channel: AbstractChannel
    ) -> None:
        failing = Failing()
        other = await add_group(broker, group)
        handled = asyncio.Event()

        async def deliver(_: Incoming) -> None:
            handled.set()

        async with full(channel, group.dead):
            await subscribe(opened, broker, group, failing)
            suspect = write_suspect(make_message(group.topic.name), ATTEMPTS)
            await broker.send(name_suspects(group), suspect)
            unreadable = replace(make_message(group.topic.name, b"odd"), id="odd")
            await broker.send(name_suspects(group), write_suspect(unreadable, 0))
            # Neither holds up the suspects of another group.
            await broker.subscribe(other, deliver)
            for _ in range(3):
                handled.clear()
                message = write_suspect(make_message(other.topic.name), 1)
                await broker.send(name_suspects(other), message)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await handled.wait()
        reasons: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(reasons) < 2:
                async for dead in broker.browse(group.dead):
                    reasons[dead.id] = dead.headers["dead-letter-reason"]
        assert reasons == {suspect.id: "died", "odd": "unreadable"}
        assert failing.calls == 0
