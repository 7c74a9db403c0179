"""Suspects on RabbitMQ whose handler meets outages: run when TEST_RABBITMQ_URL names a server."""

import asyncio
from unittest.mock import AsyncMock

import pytest

from app.services.outage import PATIENCE
from app.services.rabbitmq.queues import name_suspects
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.container import Container
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group
from tests.broker_fixtures import BrokerFixtures
from tests.broker_kit import PATIENCE_SECONDS, add_group, make_message
from tests.dead_letter_contract import DeadLetterContract
from tests.rabbitmq_kit import RabbitMQFixtures
from tests.rabbitmq_suspect_kit import ATTEMPTS, Failing, hurry, subscribe


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
        cutter = Failing(BrokerUnavailableError)
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
        cutter, handled = Failing(BrokerUnavailableError), asyncio.Event()
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
