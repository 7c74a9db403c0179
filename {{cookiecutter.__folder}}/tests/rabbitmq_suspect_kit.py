"""A handler that fails each time that it is called, and a group whose suspects it gets."""

import asyncio
from typing import Any

import pytest

from app.services import outage
from app.services.delivery import Delivery
from app.services.rabbitmq import suspects
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker
from app.utils.topology import Group

ATTEMPTS = 2


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for little."""
    for module, names in {
        outage: ("FIRST_DELAY_SECONDS", "MAX_DELAY_SECONDS"),
        suspects: ("FIRST_PAUSE_SECONDS", "MAX_PAUSE_SECONDS"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, 0.02)


class Failing:
    """A handler that always fails, and counts how often it was called."""

    def __init__(self, kind: type[Exception] = ValueError) -> None:
        self.calls = 0
        self.was_called = asyncio.Event()
        self.was_called_often = asyncio.Event()
        self._kind = kind

    async def __call__(self, envelope: Envelope) -> None:
        self.calls += 1
        self.was_called.set()
        if self.calls > 2 * ATTEMPTS:
            self.was_called_often.set()
        raise self._kind(envelope.id)


async def subscribe(opened: Container, broker: MessageBroker, group: Group, work: Failing) -> None:
    """Let a handler get what comes to the group."""
    others: Any = opened
    others.add(MessageBroker, broker)

    class Odd(Event, topic=group.topic.name):
        """Something that cannot be handled."""

    async def handle(event: Odd, envelope: Envelope) -> None:
        del event
        await work(envelope)

    consumer = Consumer()
    consumer.on(Odd, name="test", retry=RetryPolicy(attempts=ATTEMPTS, ladder=(0.1,)))(handle)
    await broker.subscribe(group, Delivery(consumer.subscriptions[0], group, opened))
