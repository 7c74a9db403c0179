"""Delivery: what handlers get, and what becomes of what they cannot handle."""

import asyncio
from dataclasses import replace

import pytest

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError, UnavailableError
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.core.errors import UnavailableError
# {% endif %}
from app.services import outage
from app.services.delivery import Delivery
# {% if cookiecutter.database != "none" %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
# {% endif %}
# {% if cookiecutter.database == "none" %}
from app.unit_of_work import UnitOfWork, UnitOfWorkEndedError
# {% endif %}
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import InjectionError
from tests.delivery_kit import Failing, Ordered, list_messages, make_delivery, make_message


async def test_a_handler_gets_what_it_asks_for(opened: Container) -> None:
    seen: list[object] = []

    async def handle(event: Ordered, message: Envelope) -> None:
        seen.extend((event.number, event.key, message.source))

    await make_delivery(handle, opened)(make_message())
    assert seen == [7, "7", "tests"]


async def test_messages_without_an_id_are_handled_and_logged_once(
    opened: Container, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    async def handle(event: Ordered) -> None:
        seen.append(event.number)

    nameless = make_message()
    nameless = replace(nameless, message=replace(nameless.message, id=""))
    delivery = make_delivery(handle, opened)
    for _ in range(2):
        await delivery(nameless)
    assert seen == [7, 7]
    assert caplog.messages.count("messages without id: each delivery counts") == 1


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"number": "many"}'])
async def test_a_message_that_cannot_be_read_is_not_tried(opened: Container, body: bytes) -> None:
    failing = Failing()
    await make_delivery(failing.__call__, opened)(make_message(body))
    assert failing.calls == 0
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "unreadable"
    assert "not a order.placed: " in dead.headers["dead-letter-error"]


async def test_a_server_that_does_not_answer_costs_no_attempt(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)
        if len(calls) < 10:
            raise UnavailableError("no answer")

    await make_delivery(handle, opened)(make_message())
    assert len(calls) == 10


async def test_a_handler_that_hangs_is_ended(opened: Container) -> None:
    async def handle(event: Ordered) -> None:
        del event
        await asyncio.Event().wait()

    consumer = Consumer()
    consumer.on(Ordered, name="test", retry=RetryPolicy(attempts=1, timeout=0.01))(handle)
    subscription = consumer.subscriptions[0]
    await Delivery(subscription, subscription.make_group("tests"), opened)(make_message())
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-error"] == "TimeoutError()"


async def test_asking_for_what_is_not_there_fails_before_any_message(opened: Container) -> None:
    async def handle(event: Ordered, colour: bytes) -> None:
        raise AssertionError((event, colour))

    with pytest.raises(InjectionError, match="asks for colour: bytes"):
        make_delivery(handle, opened)


def test_two_handlers_cannot_have_one_name() -> None:
    async def handle(event: Ordered) -> None:
        raise AssertionError(event)

    consumer = Consumer()
    consumer.on(Ordered)(handle)
    with pytest.raises(ValueError, match="two handlers are named 'handle'"):
        consumer.on(Ordered)(handle)
# {% if cookiecutter.database != "none" %}


async def test_a_message_that_comes_twice_is_handled_once(opened: Container) -> None:
    seen: list[int] = []

    async def handle(event: Ordered) -> None:
        seen.append(event.number)

    delivery = make_delivery(handle, opened)
    message = make_message()
    await delivery(message)
    await delivery(message)
    assert seen == [7]


async def test_a_deadlock_is_tried_again_at_once(opened: Container) -> None:
    calls: list[int] = []

    async def handle(event: Ordered) -> None:
        calls.append(event.number)
        if len(calls) < 4:
            raise TransactionConflictError

    await make_delivery(handle, opened)(make_message())
    assert len(calls) == 4


async def test_a_deadlock_after_a_commit_of_the_handler_costs_an_attempt(
    opened: Container,
) -> None:
    commits: list[int] = []

    async def handle(event: Ordered, begin: UnitOfWorkFactory) -> None:
        async with begin():
            commits.append(event.number)
        raise TransactionConflictError

    await make_delivery(handle, opened)(make_message())
    # Two attempts are made at once, as of every handler that fails.
    assert len(commits) == 2
    assert len(await list_messages(opened, "retry.10ms")) == 1


async def test_what_fails_after_the_commit_is_no_failure_of_the_message(
    opened: Container,
) -> None:
    calls: list[int] = []

    async def handle(event: Ordered, uow: UnitOfWork) -> None:
        async def fail() -> None:
            raise RuntimeError("the mailer does not answer")

        calls.append(event.number)
        uow.after_commit(fail)

    await make_delivery(handle, opened)(make_message())
    assert calls == [7]
    assert await list_messages(opened, "retry.10ms") == []
# {% endif %}
# {% if cookiecutter.database == "none" %}


async def test_what_is_emitted_after_the_end_of_its_unit_raises(opened: Container) -> None:
    kept: list[UnitOfWork] = []

    async def handle(event: Ordered, uow: UnitOfWork) -> None:
        uow.emit(event)
        kept.append(uow)

    await make_delivery(handle, opened)(make_message())
    with pytest.raises(UnitOfWorkEndedError, match="this unit of work has ended"):
        kept[0].emit(Ordered(number=8))
# {% endif %}
