"""Suspects on RabbitMQ whose handler meets outages: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest

from app.services import outage
from app.services.delivery import Delivery
from app.services.outage import PATIENCE
from app.services.rabbitmq import suspects
from app.services.rabbitmq.queues import name_suspects
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, add_group, make_message
from tests.dead_letter_contract import DeadLetterContract
from tests.rabbitmq_kit import URL, RabbitMQFixtures

ATTEMPTS = 2


@pytest.mark.skipif(not URL, reason="TEST_RABBITMQ_URL is not set")
class TestRabbitMQSuspectDelivery(RabbitMQFixtures, BrokerFixtures, DeadLetterContract):
    """What a suspect costs, and whom it holds up."""

    async def test_a_suspect_that_cuts_its_connection_fails_as_often_as_its_policy_says(
        self,
        opened: Container,
        broker: MessageBroker,
        group: Group,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        hurry(monkeypatch)
        cutter = Cutter()
        await subscribe(opened, broker, group, cutter)
        await broker.send(name_suspects(group), make_message(group.topic.name))
        dead = await self.wait_for_dead(broker, group)
        assert (dead.headers["dead-letter-reason"], dead.attempt) == ("failed", ATTEMPTS)
        assert cutter.calls == ATTEMPTS * (1 + PATIENCE)

    async def test_a_suspect_that_waits_for_an_outage_to_end_is_in_no_hand(
        self,
        opened: Container,
        broker: MessageBroker,
        group: Group,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        hurry(monkeypatch)
        other = await add_group(broker, group)
        cutter, handled = Cutter(), asyncio.Event()
        silent = AsyncMock(side_effect=BrokerUnavailableError("gone"))
        monkeypatch.setattr(broker, "probe", silent)
        await subscribe(opened, broker, group, cutter)
        await broker.send(name_suspects(group), make_message(group.topic.name))
        await cutter.was_called.wait()

        async def deliver(_: Incoming) -> None:
            handled.set()

        await broker.subscribe(other, deliver)
        await broker.send(name_suspects(other), make_message(group.topic.name))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await handled.wait()
        assert cutter.calls == 1


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for little."""
    for module, names in {
        outage: ("FIRST_DELAY_SECONDS", "MAX_DELAY_SECONDS"),
        suspects: ("FIRST_PAUSE_SECONDS", "MAX_PAUSE_SECONDS"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, 0.02)


class Cutter:
    """A handler that cuts its connection whenever it is called."""

    def __init__(self) -> None:
        self.calls = 0
        self.was_called = asyncio.Event()

    async def __call__(self, envelope: Envelope) -> None:
        self.calls += 1
        self.was_called.set()
        raise BrokerUnavailableError(f"cut by {envelope.id}")


async def subscribe(opened: Container, broker: MessageBroker, group: Group, cutter: Cutter) -> None:
    others: Any = opened
    others.add(MessageBroker, broker)

    class Cut(Event, topic=group.topic.name):
        """Something that cuts the connection."""

    async def handle(event: Cut, envelope: Envelope) -> None:
        del event
        await cutter(envelope)

    consumer = Consumer()
    consumer.on(Cut, name="test", retry=RetryPolicy(attempts=ATTEMPTS, ladder=(0.1,)))(handle)
    await broker.subscribe(group, Delivery(consumer.subscriptions[0], group, opened))
