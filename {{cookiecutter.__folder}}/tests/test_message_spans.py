"""The spans of messages: each below what caused it, and failed when a message is put aside."""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import BaseModel

from app.core.errors import NotFoundError
from app.core.tracing import start_trace
from app.services.answering import Answering
from app.services.delivery import Delivery
# {% if cookiecutter.database != "none" %}
from app.services.outbox.relay import OutboxRelay
# {% endif %}
from app.services.requests import RequestClient
from app.unit_of_work import UnitOfWorkFactory, wrap_event
from app.utils.consumer import Consumer, Handler, RetryPolicy
from app.utils.container import Container
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.requests import RemoteError, Request
from tests.kit.spans import RecordedSpans

NEVER = RetryPolicy(attempts=2, ladder=(0.01,))


class Happened(Event, topic="it.happened"):
    """It happened."""


class Sum(BaseModel):
    """A sum."""

    value: int


class Add(Request[Sum], topic="add"):
    """Add one to a number."""

    number: int


def make_delivery(handler: Handler, opened: Container) -> Delivery:
    consumer = Consumer()
    consumer.on(Happened, name="hear", retry=NEVER)(handler)
    [subscription] = consumer.subscriptions
    return Delivery(subscription, subscription.make_group("tests"), opened)


async def ask(handler: Callable[[Add], Awaitable[Sum]], opened: Container) -> Sum:
    """Ask, and let a handler answer."""
    consumer = Consumer()
    consumer.answer(Add, name="add")(handler)
    [answerer] = consumer.answerers
    answering = Answering(answerer, opened)
    await opened[MessageBroker].answer(answerer.make_group("tests"), answering)
    return await opened[RequestClient].ask(Add(number=1))


async def emit(opened: Container) -> None:
    """Emit an event, and let it go out."""
    async with opened[UnitOfWorkFactory]() as uow:
        uow.emit(Happened())
    # {% if cookiecutter.database != "none" %}
    await OutboxRelay(opened).relay_due()
    # {% endif %}


def arrive() -> Incoming:
    return Incoming(message=wrap_event(Happened(), "tests"))


async def test_what_a_request_causes_is_one_trace(spans: RecordedSpans, opened: Container) -> None:
    async def add(request: Add) -> Sum:
        return Sum(value=request.number + 1)

    async def hear(_: Happened) -> None:
        """Do nothing."""

    consumer, broker = Consumer(), opened[MessageBroker]
    consumer.on(Happened)(hear)
    [subscription] = consumer.subscriptions
    group = subscription.make_group("tests")
    await broker.subscribe(group, Delivery(subscription, group, opened))
    with start_trace("work"):
        assert (await ask(add, opened)).value == 2
        await emit(opened)
    await broker.pause()

    above = {
        "process add": "request add",
        "request add": "work",
        "process it.happened": "send it.happened",
        "send it.happened": "work",
        "work": None,
    }
    assert {name: spans.name_parent(name) for name in above} == above
    kinds = [spans.get(name).kind.name for name in above]
    assert kinds == ["SERVER", "CLIENT", "CONSUMER", "PRODUCER", "INTERNAL"]


async def test_a_delivery_tells_what_was_delivered(spans: RecordedSpans, opened: Container) -> None:
    async def hear(_: Happened) -> None:
        """Do nothing."""

    incoming = arrive()
    await make_delivery(hear, opened)(incoming)
    assert spans.read("process it.happened") == {
        "messaging.system": "memory",
        "messaging.destination.name": "it.happened",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": incoming.message.id,
        "messaging.consumer.group.name": "tests.hear",
    }


async def test_a_message_that_is_put_aside_failed(spans: RecordedSpans, opened: Container) -> None:
    async def hear(_: Happened) -> None:
        raise RuntimeError("never")

    await make_delivery(hear, opened)(arrive())
    span = spans.get("process it.happened")
    assert not span.status.is_ok
    assert spans.read(span.name)["error.type"] == "failed"
    assert [(event.attributes or {})["attempt"] for event in span.events] == [1, 2]


async def test_a_second_attempt_that_succeeds_is_no_failure(
    spans: RecordedSpans, opened: Container
) -> None:
    errors = [RuntimeError("not yet")]

    async def hear(_: Happened) -> None:
        if errors:
            raise errors.pop()

    await make_delivery(hear, opened)(arrive())
    span = spans.get("process it.happened")
    assert span.status.is_ok
    assert [event.name for event in span.events] == ["exception"]


async def test_what_the_other_side_got_wrong_is_its_failure(
    spans: RecordedSpans, opened: Container
) -> None:
    async def add(_: Add) -> Sum:
        raise RuntimeError("no")

    with pytest.raises(RemoteError):
        await ask(add, opened)
    assert spans.read("process add")["error.type"] == "RuntimeError"


async def test_what_was_asked_for_in_vain_is_no_failure(
    spans: RecordedSpans, opened: Container
) -> None:
    async def add(_: Add) -> Sum:
        raise NotFoundError("no")

    with pytest.raises(NotFoundError):
        await ask(add, opened)
    assert spans.get("process add").status.is_ok
