"""Answering: what becomes of a request, and what of its reply is sent."""

import asyncio
# {% if cookiecutter.database != "none" %}
from dataclasses import replace
# {% endif %}

import pytest

from app.services.answering import Answering
from app.utils.container import Container
from tests.request_kit import Calculator, make_consumer, make_request


@pytest.fixture
def calculator() -> Calculator:
    return Calculator()


@pytest.fixture
def answering(calculator: Calculator, opened: Container) -> Answering:
    return Answering(make_consumer(calculator).answerers[0], opened)


async def test_who_waits_no_longer_is_sent_no_reply(
    answering: Answering, calculator: Calculator
) -> None:
    calculator.seconds = 60
    assert await answering(make_request(seconds=0.05)) is None


async def test_a_request_that_nobody_waits_for_is_dropped(
    answering: Answering, calculator: Calculator
) -> None:
    assert await answering(make_request(seconds=-1)) is None
    assert calculator.calls == 0


@pytest.mark.parametrize(("text", "calls"), [("2000-01-01T00:00", 0), ("2999-01-01T00:00", 1)])
async def test_a_deadline_without_a_zone_is_utc(
    answering: Answering, calculator: Calculator, text: str, calls: int
) -> None:
    request = make_request().with_headers(request_deadline=text)
    await answering(request)
    assert calculator.calls == calls


async def test_a_request_whose_answer_waited_for_something_cancelled_has_failed(
    answering: Answering, calculator: Calculator
) -> None:
    calculator.error = asyncio.CancelledError()
    reply = await answering(make_request())
    assert reply is not None
    assert reply.headers["reply-error"] == "RemoteError"


async def test_a_request_that_cannot_be_read_is_refused(
    answering: Answering,
) -> None:
    reply = await answering(make_request(b'{"first": "many"}'))
    assert reply is not None
    assert reply.headers["reply-error"] == "InvalidInputError"
    assert reply.body.startswith(b'"first: ')
# {% if cookiecutter.database != "none" %}


async def test_a_request_that_comes_twice_is_done_once_and_answered_twice(
    answering: Answering, calculator: Calculator
) -> None:
    request = make_request()
    first, second = await answering(request), await answering(request)
    assert first is not None
    assert second is not None
    assert first.body == second.body == b'{"value":5}'
    assert calculator.calls == 1


async def test_requests_of_two_services_may_have_the_same_id(
    answering: Answering, calculator: Calculator
) -> None:
    first = make_request()
    second = replace(make_request(b'{"first": 4, "second": 5}'), id=first.id, source="others")
    for _ in range(2):
        replies = [await answering(first), await answering(second)]
        assert [reply.body for reply in replies if reply] == [b'{"value":5}', b'{"value":9}']
    assert calculator.calls == 2
# {% endif %}
