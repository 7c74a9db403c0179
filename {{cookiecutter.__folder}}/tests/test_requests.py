"""Requests over the broker: replies, errors of the other side, and those that come too late."""

import asyncio
from unittest.mock import AsyncMock

import pytest

from app.core.errors import InvalidInputError, NotFoundError, UnavailableError
from app.services.consumption import run_consumer
from app.services.requests import ERROR_HEADER, RequestClient
from app.utils.broker_errors import BrokerRefusedError, MessageRefusedError, PublishError
from app.utils.consumer import Consumer, RejectMessageError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from app.utils.requests import RemoteError, ReplyTimeoutError, Request
from tests.kit.requests import Ask, StandIn
from tests.request_kit import Add, Calculator, Sum, make_consumer


@pytest.fixture
def calculator() -> Calculator:
    return Calculator()


@pytest.fixture
def consumer(calculator: Calculator) -> Consumer:
    return make_consumer(calculator)


async def ask(consumer: Consumer, opened: Container, *, seconds: float = 5.0) -> Sum:
    """Ask as soon as the answers of the consumer are there."""
    async with run_consumer(consumer, opened):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await opened[RequestClient].ask(Add(first=2, second=3), seconds=seconds)


async def test_whoever_asks_gets_the_reply(consumer: Consumer, opened: Container) -> None:
    assert (await ask(consumer, opened)).value == 5


@pytest.mark.parametrize("kind", [NotFoundError, InvalidInputError, UnavailableError])
async def test_an_error_that_both_know_is_raised_as_itself(
    consumer: Consumer, opened: Container, calculator: Calculator, kind: type[Exception]
) -> None:
    calculator.error = kind("no such number")
    with pytest.raises(kind, match="no such number"):
        await ask(consumer, opened)


async def test_a_request_that_is_rejected_is_an_input_that_cannot_be_used(
    consumer: Consumer, opened: Container, calculator: Calculator
) -> None:
    calculator.error = RejectMessageError("no such currency")
    with pytest.raises(InvalidInputError, match="no such currency"):
        await ask(consumer, opened)
    assert calculator.calls == 1


async def test_any_other_error_is_told_without_its_details(
    consumer: Consumer, opened: Container, calculator: Calculator
) -> None:
    calculator.error = RuntimeError("the password is hunter2")
    with pytest.raises(RemoteError, match=r"^test.add: it failed") as caught:
        await ask(consumer, opened)
    assert "hunter2" not in str(caught.value)


async def test_a_reply_that_takes_too_long_is_not_waited_for(
    consumer: Consumer, opened: Container, calculator: Calculator
) -> None:
    calculator.seconds = 60
    with pytest.raises(ReplyTimeoutError, match=r"no reply in 0\.05 s"):
        await ask(consumer, opened, seconds=0.05)


async def test_without_anybody_to_answer_it_is_unavailable(opened: Container) -> None:
    with pytest.raises(UnavailableError, match="nobody is there to answer"):
        await opened[RequestClient].ask(Add(first=2, second=3))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MessageRefusedError("too large"), MessageRefusedError),
        (BrokerRefusedError("no such exchange"), BrokerRefusedError),
        (PublishError("not confirmed"), UnavailableError),
    ],
    ids=repr,
)
async def test_what_the_broker_refuses_for_good_is_no_outage(
    opened: Container, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    monkeypatch.setattr(opened[MessageBroker], "ask", AsyncMock(side_effect=error))
    with pytest.raises(kind):
        await opened[RequestClient].ask(Add(first=2, second=3))


@pytest.mark.parametrize("headers", [{}, {ERROR_HEADER: "NotFoundError"}])
async def test_a_reply_that_cannot_be_read_is_an_error_of_the_other_side(
    opened: Container, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    reply = Envelope(topic=Add.topic, body=b"no json", source="others", headers=headers)
    monkeypatch.setattr(opened[MessageBroker], "ask", AsyncMock(return_value=reply))
    with pytest.raises(RemoteError, match=r"^test.add: the reply cannot be read$"):
        await opened[RequestClient].ask(Add(first=2, second=3))


async def test_a_stand_in_answers_as_another_service_does(ask: Ask, stand_in: StandIn) -> None:
    async def add(request: Add) -> Sum:
        if request.first > request.second:
            raise NotFoundError("no such number")
        return Sum(value=request.first + request.second)

    await stand_in(Add, add)
    assert await ask(Add(first=2, second=3)) == Sum(value=5)
    with pytest.raises(NotFoundError, match="no such number"):
        await ask(Add(first=3, second=2))


def test_a_request_says_what_its_reply_is() -> None:
    with pytest.raises(TypeError, match="say what the reply is"):
        type("Bare", (Request,), {}, topic="test.bare")
