"""The broker on Kafka: what readiness asks, and what a subscription that waits asks."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from app.services import kafka_service
from app.services.kafka.requests import Answers
from app.services.kafka_service import KafkaBroker
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming


@pytest.fixture
def broker() -> KafkaBroker:
    """A broker whose server answers, and which serves a subscription."""
    broker = KafkaBroker("kafka://localhost:1")
    broker._publisher = Mock(ask=AsyncMock())
    broker._served = [Mock()]
    return broker


async def test_a_subscription_whose_topic_is_gone_fails_readiness_and_no_probe(
    broker: KafkaBroker,
) -> None:
    await broker.ping()
    gone = BrokerUnavailableError("nobody consumes its messages")
    broker._served = [Mock(check=Mock(side_effect=gone))]
    with pytest.raises(BrokerUnavailableError, match="nobody consumes"):
        await broker.ping()
    await broker.probe()


async def test_a_probe_notices_that_the_server_is_silent(
    broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(kafka_service, "PING_SECONDS", 0.01)
    broker._publisher = Mock(ask=ask)
    with pytest.raises(BrokerUnavailableError, match="no answer"):
        await broker.probe()


class HandingBack:
    """A subscription that needs a moment to hand back what it holds."""

    def __init__(self) -> None:
        self.has_handed_back = False
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            # A round trip to the server.
            await asyncio.sleep(0.05)
            self.has_handed_back = True

    async def finish(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.task.cancel()


async def pause_in_vain(broker: KafkaBroker) -> None:
    """Pause, and be cancelled when the time is over."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await broker.pause()


async def test_whoever_hands_back_when_the_broker_is_closed_comes_to_an_end() -> None:
    broker = KafkaBroker("kafka://localhost:1")
    subscription: Any = HandingBack()
    broker._served = [subscription]
    await pause_in_vain(broker)
    assert not subscription.has_handed_back, "it is at it"
    await broker.close()
    assert subscription.has_handed_back


async def test_answers_are_given_up_when_their_subscription_needs_too_long() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def respond(_: Envelope) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    broker = KafkaBroker("kafka://localhost:1")
    answers = Answers(respond, broker._publisher)
    await answers.take(Incoming(message=Envelope(topic="test.add", body=b"{}", source="tests")))
    await begun.wait()
    subscription: Any = HandingBack()
    broker._served = [subscription]
    broker._answers = [answers]
    await pause_in_vain(broker)
    async with asyncio.timeout(5):
        await ended.wait()
    await broker.close()
