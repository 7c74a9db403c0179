"""The spans of messages: each below what caused it, and failed when a message is put aside."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pydantic import BaseModel

from app.core.errors import NotFoundError
from app.core.tracing import current_trace, follow_trace, get_spans, start_trace
from app.services.answering import Answering
from app.services.delivery import Delivery
# {% if cookiecutter.database != "none" %}
from app.services.outbox.relay import OutboxRelay
# {% endif %}
from app.services.requests import RequestClient
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory, wrap_event
from app.utils.consumer import Consumer, Handler, RetryPolicy
from app.utils.container import Container
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.requests import RemoteError, Request
from tests.kit.spans import RecordedSpans

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"
STATE = "vendor=there,other@them=1"
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


async def ask(handler: Callable[..., Awaitable[Sum]], opened: Container) -> Sum:
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


@pytest.mark.parametrize("is_recorded", [False, True])
async def test_what_systems_say_of_a_trace_goes_with_its_messages(
    opened: Container, request: pytest.FixtureRequest, is_recorded: bool
) -> None:
    if is_recorded:
        request.getfixturevalue("spans")
    found: list[tuple[str, str]] = []
    heard = asyncio.Event()

    def note() -> None:
        trace = current_trace()
        assert trace is not None
        found.append((trace.trace_id, trace.state))

    async def add(request: Add, uow: UnitOfWork) -> Sum:
        note()
        uow.emit(Happened())
        return Sum(value=request.number + 1)

    async def hear(_: Happened) -> None:
        note()
        heard.set()

    consumer, broker = Consumer(), opened[MessageBroker]
    consumer.on(Happened)(hear)
    [subscription] = consumer.subscriptions
    group = subscription.make_group("tests")
    await broker.subscribe(group, Delivery(subscription, group, opened))
    recorder = get_spans()
    with (
        recorder.follow(TRACEPARENT, "work", "internal", {}, STATE)
        if recorder
        else follow_trace(TRACEPARENT, STATE)
    ):
        await ask(add, opened)
    # {% if cookiecutter.database != "none" %}
    await OutboxRelay(opened).relay_due()
    # {% endif %}
    await heard.wait()
    await broker.pause()
    assert found == [("a" * 32, STATE)] * 2


@pytest.mark.parametrize(
    "state", ["", "vendor", "a=1," * 40 + "b=2", f"a={'x' * 600}", "a=\0", "ä=ö"]
)
async def test_what_is_no_state_of_a_trace_goes_no_further(opened: Container, state: str) -> None:
    found = []

    async def hear(_: Happened, uow: UnitOfWork) -> None:
        uow.emit(Happened())
        found.append(wrap_event(Happened(), "tests"))

    message = arrive().message.with_trace(TRACEPARENT, state)
    await make_delivery(hear, opened)(Incoming(message=message))
    assert [(each.traceparent, dict(each.headers)) for each in found] == [(TRACEPARENT, {})]


def test_a_trace_without_a_state_takes_that_of_the_one_before_away() -> None:
    message = arrive().message.with_headers(tenant="acme").with_trace("00", "a=1")
    assert message.headers == {"tenant": "acme", "tracestate": "a=1"}
    assert message.with_trace("01", "").headers == {"tenant": "acme"}


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
