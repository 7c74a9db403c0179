"""A message whose dead letter was refused comes again; another in its place is handled."""

import asyncio

import pytest

from app.utils.broker_errors import DeadLetterRefusedError, MessageRefusedError
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Capabilities, MessageBroker
from tests.delivery_kit import Failing, list_messages, make_delivery, make_message


@pytest.fixture(autouse=True)
def log(opened: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker hands messages over again where they are."""
    log = Capabilities(is_durable=True, keeps_order=True, replays=True)
    monkeypatch.setattr(type(opened[MessageBroker]), "capabilities", log)


async def refuse(place: str, _: Envelope) -> None:
    raise MessageRefusedError(f"{place}: too large")


async def test_another_message_in_the_place_of_one_that_is_held_is_handled(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing()
    delivery = make_delivery(failing.__call__, opened)
    with monkeypatch.context() as patched:
        patched.setattr(opened[MessageBroker], "send", refuse)
        with pytest.raises(DeadLetterRefusedError):
            await delivery(make_message(b"unreadable"))
    other = make_message(attempt=4)
    await delivery(other)
    assert failing.calls == 1
    [dead] = await list_messages(opened, "dead")
    assert dead.id == other.message.id


async def test_what_was_taken_away_before_it_was_put_aside_is_forgotten(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = asyncio.Event()

    async def wait(place: str, _: Envelope) -> None:
        del place
        sending.set()
        await asyncio.Event().wait()

    failing, incoming = Failing(), make_message(attempt=4)
    delivery = make_delivery(failing.__call__, opened)
    with monkeypatch.context() as patched:
        patched.setattr(opened[MessageBroker], "send", wait)
        task = asyncio.create_task(delivery(incoming))
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await delivery(incoming)
    assert failing.calls == 2, "nothing is known of it any more"
    assert len(await list_messages(opened, "dead")) == 1
