"""The broker on RabbitMQ: what readiness asks, and what a subscription that waits asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import Mock

import pytest

from app.services import rabbitmq_service
from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.broker_errors import BrokerUnavailableError


@pytest.fixture
def answers() -> list[bool]:
    """Whether the server opens channels, for as long as it is true."""
    return [True]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, answers: list[bool]) -> RabbitMQBroker:
    """A broker that is connected, and serves two subscriptions."""

    @asynccontextmanager
    async def open_channel(_: object) -> AsyncIterator[None]:
        if not answers[0]:
            raise TimeoutError
        yield

    monkeypatch.setattr(rabbitmq_service, "open_channel", open_channel)
    broker = RabbitMQBroker("amqp://localhost")
    broker._publisher = Mock(is_open=True)
    broker._intakes = [(Mock(is_open=True), Mock()), (Mock(is_open=True), Mock())]
    return broker


async def test_a_subscription_whose_queue_is_gone_fails_readiness_and_no_probe(
    broker: RabbitMQBroker,
) -> None:
    await broker.ping()
    broker._intakes[0] = (Mock(is_open=False), Mock())
    with pytest.raises(BrokerUnavailableError, match="1 of 3 channels are lost"):
        await broker.ping()
    await broker.probe()


async def test_a_probe_notices_that_nothing_can_be_published(broker: RabbitMQBroker) -> None:
    broker._publisher = Mock(is_open=False)
    with pytest.raises(BrokerUnavailableError):
        await broker.probe()


async def test_a_probe_notices_that_the_server_is_silent(
    broker: RabbitMQBroker, answers: list[bool]
) -> None:
    answers[0] = False
    with pytest.raises(BrokerUnavailableError):
        await broker.probe()
