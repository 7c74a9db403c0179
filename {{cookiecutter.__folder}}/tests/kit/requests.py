"""Requests out and in: another service's replies, and what this one answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import pytest
from pydantic import BaseModel

# {% if cookiecutter.interface != "api" %}
from app.services.answering import Answering
# {% endif %}
from app.services.requests import RequestClient, make_refusal, make_reply
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.requests import Request
from app.utils.topology import Group, Topic

Reply = TypeVar("Reply", bound=BaseModel)
Answer = Callable[[Any], Awaitable[BaseModel]]


class StandIn(Protocol):
    """The type of the fixture `stand_in`."""

    async def __call__(self, request: type[Request[Any]], answer: Answer) -> None:
        """Answer requests of a kind with what the function returns, or with what it raises."""


@pytest.fixture
def stand_in(opened: Container) -> StandIn:
    """Answer in the place of another service: `await stand_in(GetPrice, answer)`."""

    async def answer_with(request: type[Request[Any]], answer: Answer) -> None:
        async def respond(message: Envelope) -> Envelope:
            try:
                reply = await answer(request.model_validate_json(message.body))
            except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                return make_refusal(message, "stand-in", error)
            return make_reply(message, "stand-in", reply.model_dump_json().encode())

        group = Group(name="stand-in", topic=Topic(name=request.topic))
        await opened[MessageBroker].answer(group, respond)

    return answer_with


class Ask(Protocol):
    """The type of the fixture `ask`."""

    async def __call__(self, request: Request[Reply], *, seconds: float = 5.0) -> Reply:
        """Return the reply, or raise what `RequestClient.ask` raises."""
# {% if cookiecutter.interface != "api" %}


@pytest.fixture
async def ask(opened: Container) -> Ask:
    """Ask the service as others do: `await ask(GetPrice(item_id=...))`."""
    for each in consumer.answerers:
        await opened[MessageBroker].answer(each.make_group("tests"), Answering(each, opened))
    return opened[RequestClient].ask
# {% endif %}
# {% if cookiecutter.interface == "api" %}


@pytest.fixture
def ask(opened: Container) -> Ask:
    """Ask what a stand-in answers, as the service does: `await ask(GetPrice(item_id=...))`."""
    return opened[RequestClient].ask
# {% endif %}
