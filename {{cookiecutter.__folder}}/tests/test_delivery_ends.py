"""The end of a message: its true reason, and nothing is forgotten before it is safe elsewhere."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.services.delivery import Delivery
from app.utils.broker_errors import DeadLetterRefusedError, MessageRefusedError
from app.utils.consumer import Consumer, RejectMessageError, RetryPolicy
from app.utils.container import Container
from app.utils.dead_letter import count_bytes
from app.utils.envelope import Envelope
from app.utils.message_broker import Capabilities, MessageBroker
from tests.delivery_kit import Failing, Ordered, list_messages, make_delivery, make_message

LARGE = b"x" * 5000
PRICES: dict[int, int] = {}


Refuse = Callable[[Callable[[Envelope], bool]], None]


@pytest.fixture
def refuse(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Make the broker refuse some messages for its dead letters."""
    broker = opened[MessageBroker]
    send = broker.send

    def refuse(is_refused: Callable[[Envelope], bool]) -> None:
        async def send_some(place: str, message: Envelope) -> None:
            if place.endswith(".dead") and is_refused(message):
                raise MessageRefusedError("too large")
            await send(place, message)

        monkeypatch.setattr(broker, "send", send_some)

    return refuse


def measure(message: Envelope) -> int:
    return sum(map(count_bytes, message.headers.items()))


async def test_headers_are_trimmed_and_the_body_stays_whole(
    opened: Container, refuse: Refuse, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(lambda message: measure(message) > 50_000)
    incoming = make_message(LARGE)
    headers = {"x-big": "b" * 100_000, "tenant": "acme", "x-\u00e9": "e"}
    await make_delivery(Failing().__call__, opened)(
        replace(incoming, message=replace(incoming.message, headers=headers))
    )
    [dead] = await list_messages(opened, "dead")
    assert dead.body == LARGE
    assert dead.id == incoming.message.id
    assert dead.headers["tenant"] == "acme"
    assert "x-big" not in dead.headers
    assert dead.headers["dead-letter-trimmed"] == "1: x-big (100005 bytes)"
    assert dead.headers["dead-letter-reason"] == "unreadable"
    assert caplog.messages.count("message put aside") == 1


async def test_if_need_be_all_headers_that_it_brought_go(opened: Container, refuse: Refuse) -> None:
    refuse(lambda message: any(name.startswith("x-") for name in message.headers))
    incoming = make_message(LARGE)
    headers = {f"x-{number}": "b" for number in range(1000)}
    await make_delivery(Failing().__call__, opened)(
        replace(incoming, message=replace(incoming.message, headers=headers))
    )
    [dead] = await list_messages(opened, "dead")
    assert dead.body == LARGE
    assert dead.headers["dead-letter-trimmed"].startswith("1000: x-")
    assert len(dead.headers["dead-letter-trimmed"]) < 1100


@pytest.mark.parametrize("headers", [{}, {"x-big": "b" * 100_000}])
async def test_what_the_broker_does_not_take_is_not_acknowledged(
    opened: Container, refuse: Refuse, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    refuse(lambda message: len(message.body) >= len(LARGE))
    incoming = make_message(LARGE)
    delivery = make_delivery(Failing().__call__, opened)
    with pytest.raises(DeadLetterRefusedError, match="too large"):
        await delivery(replace(incoming, message=replace(incoming.message, headers=headers)))
    assert await list_messages(opened, "dead") == []
    assert "message put aside" not in caplog.messages
    assert caplog.messages.count("message stays, its dead letter is refused") == 1


async def test_where_it_comes_again_its_handler_is_not_called_again(
    opened: Container,
    refuse: Refuse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Capabilities(is_durable=True, keeps_order=True, replays=True)
    monkeypatch.setattr(type(opened[MessageBroker]), "capabilities", log)
    closed = [True]
    refuse(lambda _: closed == [True])
    failing = Failing()
    delivery = make_delivery(failing.__call__, opened)
    incoming = make_message(attempt=4)
    for _ in range(3):
        with pytest.raises(DeadLetterRefusedError):
            await delivery(incoming)
    assert failing.calls == 1
    assert caplog.messages.count("message stays, its dead letter is refused") == 1
    closed.clear()
    await delivery(incoming)
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-error"] == "RuntimeError('never 7')"
    # And another message in the same place is a message like any other.
    await delivery(make_message(attempt=4))
    assert failing.calls == 2


async def test_attempts_that_a_shorter_policy_does_not_allow_were_used_up(
    opened: Container,
) -> None:
    failing = Failing()
    longer = Consumer()
    longer.on(Ordered, name="test", retry=RetryPolicy(attempts=9, ladder=(0.01, 0.02)))(
        failing.__call__
    )
    subscription = longer.subscriptions[0]
    await Delivery(subscription, subscription.make_group("tests"), opened)(make_message(attempt=6))
    [waiting] = await list_messages(opened, "retry.20ms")
    assert waiting.attempt == 7
    incoming = replace(make_message(), message=waiting)
    await make_delivery(failing.__call__, opened)(incoming)
    assert failing.calls == 1
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "exhausted"
    assert dead.headers["dead-letter-attempts"] == "6"
    assert dead.headers["dead-letter-error"] == "RuntimeError('never 7')"
    assert "retry-error" not in dead.headers


async def test_a_message_that_killed_tells_its_last_error_too(opened: Container) -> None:
    incoming = make_message(attempt=3, deaths=2)
    message = replace(incoming.message, headers={"retry-error": "KeyError('EUR')"})
    await make_delivery(Failing().__call__, opened)(replace(incoming, message=message))
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "died"
    assert dead.headers["dead-letter-error"] == "KeyError('EUR')"


async def reject(event: Ordered) -> None:
    raise RejectMessageError(f"no such product: {event.number}")


async def reject_for_a_reason(event: Ordered) -> None:
    try:
        PRICES[event.number]
    except KeyError as error:
        raise RejectMessageError(f"no such product: {event.number}") from error


async def reject_in_tasks(event: Ordered) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reject(event))


@pytest.mark.parametrize("handler", [reject, reject_for_a_reason, reject_in_tasks])
@pytest.mark.parametrize("ordered", [False, True])
async def test_a_rejected_message_is_a_dead_letter_at_once(
    opened: Container,
    handler: Callable[[Ordered], object],
    caplog: pytest.LogCaptureFixture,
    *,
    ordered: bool,
) -> None:
    # The handler takes more than mypy knows of one.
    await make_delivery(handler, opened, ordered=ordered)(make_message())  # type: ignore[arg-type]
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "rejected"
    assert dead.headers["dead-letter-attempts"] == "1"
    assert "no such product: 7" in dead.headers["dead-letter-error"]
    assert caplog.messages.count("handler failed") == 1
    assert await list_messages(opened, "retry.10ms") == []


async def test_a_group_of_which_only_some_rejected_is_tried_again(opened: Container) -> None:
    async def handle(event: Ordered) -> None:
        del event
        raise ExceptionGroup("some", [RejectMessageError("no"), RuntimeError("perhaps")])

    await make_delivery(handle, opened)(make_message())
    assert len(await list_messages(opened, "retry.10ms")) == 1


async def test_a_rejected_broadcast_is_dropped(
    opened: Container, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Consumer()
    consumer.on(Ordered, name="test", broadcast=True)(reject)
    subscription = consumer.subscriptions[0]
    await Delivery(subscription, subscription.make_group("tests"), opened)(make_message())
    assert await list_messages(opened, "dead") == []
    assert caplog.messages.count("message dropped") == 1


async def test_the_first_and_the_last_attempt_log_the_traceback(
    opened: Container, caplog: pytest.LogCaptureFixture
) -> None:
    await make_delivery(Failing().__call__, opened, ordered=True)(make_message())
    told = [record for record in caplog.records if record.message == "handler failed"]
    assert [record.levelno for record in told] == [logging.WARNING] * 4
    assert [bool(record.exc_info) for record in told] == [True, False, False, True]


async def test_a_dead_letter_tells_where_its_handler_failed(opened: Container) -> None:
    await make_delivery(Failing().__call__, opened)(make_message(attempt=4))
    [dead] = await list_messages(opened, "dead")
    place, _, function = dead.headers["dead-letter-frames"].partition(" ")
    assert place.startswith("tests.delivery_kit:")
    assert function == "Failing.__call__"


class UnspeakableError(Exception):
    """An error that cannot be shown."""

    def __repr__(self) -> str:
        raise LookupError("nothing to say")


class BrokenTextError(Exception):
    """An error that cannot be encoded."""

    def __repr__(self) -> str:
        return "half\n\ud83d"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnspeakableError(), "UnspeakableError"),
        (BrokenTextError(), "half \\ud83d"),
        (RuntimeError("x" * 5000), f"RuntimeError('{'x' * 986}"),
        (asyncio.CancelledError(), "RuntimeError('what it waited for was cancelled')"),
    ],
)
async def test_whatever_a_handler_raises_can_be_told(
    opened: Container, error: BaseException, told: str
) -> None:
    async def handle(event: Ordered) -> None:
        del event
        raise error

    await make_delivery(handle, opened)(make_message(attempt=4))
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-error"] == told
    assert "test_delivery_ends:" in dead.headers["dead-letter-frames"]


async def test_what_is_too_large_to_wait_is_a_dead_letter_at_once(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = opened[MessageBroker]
    send = broker.send

    async def send_small(place: str, message: Envelope) -> None:
        if ".retry." in place:
            raise MessageRefusedError("too large")
        await send(place, message)

    monkeypatch.setattr(broker, "send", send_small)
    await make_delivery(Failing().__call__, opened)(make_message())
    [dead] = await list_messages(opened, "dead")
    assert dead.headers["dead-letter-reason"] == "failed"
    assert dead.headers["dead-letter-attempts"] == "2"
