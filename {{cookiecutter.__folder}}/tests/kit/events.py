"""Events out and in: what the service emitted, and what others tell it."""

from typing import Protocol, TypeVar

import pytest
# {% if cookiecutter.database != "none" %}
from sqlalchemy import select
# {% endif %}

# {% if cookiecutter.database != "none" %}
from app.database import Database
# {% endif %}
# {% if cookiecutter.interface != "api" %}
from app.services.decoding import decode
from app.services.handling import Handling
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.tables import OutboxMessage
# {% endif %}
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
from app.unit_of_work import wrap_event
# {% endif %}
from app.utils.container import Container
# {% if cookiecutter.database == "none" %}
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.utils.message_broker import Event
# {% endif %}

Emitted = TypeVar("Emitted", bound=Event)


class ReadEmitted(Protocol):
    """The type of the fixture `emitted`."""

    async def __call__(self, event: type[Emitted]) -> list[Emitted]:
        """Return the events of a type that were emitted for good, oldest first."""
# {% if cookiecutter.database != "none" %}


@pytest.fixture
def emitted(opened: Container) -> ReadEmitted:
    """Read what was committed for the broker: `await emitted(ItemCreated)`."""

    async def read(event: type[Emitted]) -> list[Emitted]:
        rows = select(OutboxMessage).filter_by(topic=event.topic).order_by(OutboxMessage.id)
        async with opened[Database].sessions() as session:
            return [event.model_validate_json(row.body) for row in await session.scalars(rows)]

    return read
# {% endif %}
# {% if cookiecutter.database == "none" %}


@pytest.fixture
def emitted(opened: Container, monkeypatch: pytest.MonkeyPatch) -> ReadEmitted:
    """Read what was published: `await emitted(ItemCreated)`."""
    published: list[Envelope] = []

    async def record(message: Envelope) -> None:
        published.append(message)

    async def read(event: type[Emitted]) -> list[Emitted]:
        bodies = [message.body for message in published if message.topic == event.topic]
        return [event.model_validate_json(body) for body in bodies]

    monkeypatch.setattr(opened[MessageBroker], "publish", record)
    return read
# {% endif %}
# {% if cookiecutter.interface != "api" %}


class DeliverEvent(Protocol):
    """The type of the fixture `deliver`."""

    async def __call__(self, event: Event, *, times: int = 1) -> None:
        """Deliver one message with this event, as often as a broker might."""


@pytest.fixture
def deliver(opened: Container) -> DeliverEvent:
    """Hand an event to the service's handlers: `await deliver(ItemCreated(...))`."""

    async def hand_over(event: Event, *, times: int = 1) -> None:
        message = wrap_event(event, "tests")
        for subscription in consumer.subscriptions:
            if isinstance(event, subscription.event):
                handling = Handling(subscription, opened)
                for _ in range(times):
                    await handling(decode(message, subscription.event), message)

    return hand_over
# {% endif %}
