"""Requests over the broker: replies, errors of the other side, and those that come too late."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import BaseModel

from app.core.errors import InvalidInputError, NotFoundError, UnavailableError
from app.services.answering import Answering
from app.services.consumption import run_consumer
from app.services.requests import DEADLINE_HEADER, RequestClient
from app.utils.clock import now
from app.utils.consumer import Consumer
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.requests import RemoteError, ReplyTimeoutError, Request
from tests.kit.requests import Ask, StandIn


class Sum(BaseModel):
    """A sum."""

    value: int


class Add(Request[Sum], topic="test.add"):
    """Add two numbers."""

    first: int
    second: int


class Calculator:
    """Answers in the way that it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0
        self.seconds = 0.0

    async def add(self, request: Add) -> Sum:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return Sum(value=request.first + request.second)


@pytest.fixture
def calculator() -> Calculator:
    return Calculator()


@pytest.fixture
def consumer(calculator: Calculator) -> Consumer:
    consumer = Consumer()
    consumer.answer(Add, name="add")(calculator.add)
    return consumer


async def ask(consumer: Consumer, opened: Container, *, seconds: float = 5.0) -> Sum:
    """Ask as soon as the answers of the consumer are there."""
    async with run_consumer(consumer, opened):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await opened[RequestClient].ask(Add(first=2, second=3), seconds=seconds)


def make_request(body: bytes = b'{"first": 2, "second": 3}', *, seconds: float = 5) -> Envelope:
    deadline = (now() + timedelta(seconds=seconds)).isoformat()
    return Envelope(topic=Add.topic, body=body, source="tests", headers={DEADLINE_HEADER: deadline})


async def test_whoever_asks_gets_the_reply(consumer: Consumer, opened: Container) -> None:
    assert (await ask(consumer, opened)).value == 5


@pytest.mark.parametrize("kind", [NotFoundError, InvalidInputError, UnavailableError])
async def test_an_error_that_both_know_is_raised_as_itself(
    consumer: Consumer, opened: Container, calculator: Calculator, kind: type[Exception]
) -> None:
    calculator.error = kind("no such number")
    with pytest.raises(kind, match="no such number"):
        await ask(consumer, opened)


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


async def test_a_request_that_nobody_waits_for_is_dropped(
    consumer: Consumer, opened: Container, calculator: Calculator
) -> None:
    answering = Answering(consumer.answerers[0], opened)
    assert await answering(make_request(seconds=-1)) is None
    assert calculator.calls == 0


async def test_a_request_that_cannot_be_read_is_refused(
    consumer: Consumer, opened: Container
) -> None:
    reply = await Answering(consumer.answerers[0], opened)(make_request(b'{"first": "many"}'))
    assert reply is not None
    assert reply.headers["reply-error"] == "InvalidInputError"
    assert reply.body.startswith(b'"first: ')


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
# {% if cookiecutter.database != "none" %}


async def test_a_request_that_comes_twice_is_done_once_and_answered_twice(
    consumer: Consumer, opened: Container, calculator: Calculator
) -> None:
    answering = Answering(consumer.answerers[0], opened)
    request = make_request()
    first, second = await answering(request), await answering(request)
    assert first is not None
    assert second is not None
    assert first.body == second.body == b'{"value":5}'
    assert calculator.calls == 1
# {% endif %}
