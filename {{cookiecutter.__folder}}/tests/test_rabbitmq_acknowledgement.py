"""A message of RabbitMQ is acknowledged, and a publish returns, only when the message is safe."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from aio_pika import Message
from aio_pika.exceptions import ChannelInvalidStateError, DeliveryError
from pamqp.commands import Basic
from pamqp.common import FieldTable

from app.services.rabbitmq import group_intake, suspects
from app.services.rabbitmq.group_intake import SUSPECT_AT, GroupIntake
from app.services.rabbitmq.messages import COUNT_HEADER, read_message
from app.services.rabbitmq.publishing import publish
from app.services.rabbitmq.queues import name_suspects
from app.services.rabbitmq.suspects import Suspects
from app.utils.broker_errors import MessageRefusedError, PublishError
from app.utils.envelope import ATTEMPT_HEADER
from app.utils.message_broker import Incoming
from app.utils.turns import Turn, at_rest
from tests.rabbitmq_wire_kit import GROUP, Wire


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_intake, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(suspects, "FIRST_PAUSE_SECONDS", 0.01)


async def test_what_was_handled_is_acknowledged_afterwards() -> None:
    wire = Wire()
    assert await wire.receive(wire.make_sender(), deliveries=0) == ["handled", "ack"]


async def test_a_suspect_is_acknowledged_when_it_was_moved() -> None:
    wire, place = Wire(), name_suspects(GROUP)
    said = await wire.receive(wire.make_sender(), deliveries=SUSPECT_AT)
    assert said == [f"sent to {place}", "ack"]


@pytest.mark.parametrize("deliveries", [0, SUSPECT_AT], ids=["postponed", "suspected"])
async def test_what_is_moved_keeps_the_attempts_that_it_spent(deliveries: int) -> None:
    wire = Wire()
    send = wire.make_sender()
    headers: FieldTable = {COUNT_HEADER: deliveries, ATTEMPT_HEADER: "3"}
    intake = GroupIntake(GROUP, wire.deliver, send, asyncio.Lock())
    try:
        if deliveries:
            await intake._receive(wire.make_message(headers))
        else:
            await intake.postpone(read_message(wire.make_message(headers)))
    finally:
        intake.stop()
    [(_, moved)] = [call.args for call in send.call_args_list]
    assert moved.attempt == 3


async def test_a_suspect_whose_move_was_not_confirmed_is_moved_again() -> None:
    wire, place = Wire(), name_suspects(GROUP)
    send = wire.make_sender(PublishError("no answer"))
    said = await wire.receive(send, deliveries=SUSPECT_AT)
    assert said == [f"sent to {place}", f"sent to {place}", "ack"]


async def test_a_suspect_that_cannot_be_moved_is_handled_where_it_is() -> None:
    wire, place = Wire(), name_suspects(GROUP)
    send = wire.make_sender(MessageRefusedError("too large"))
    said = await wire.receive(send, deliveries=SUSPECT_AT)
    assert said == [f"sent to {place}", "handled", "ack"]


async def test_a_suspect_that_waits_is_acknowledged_when_it_was_sent_back() -> None:
    wire = Wire()
    said = await wire.receive_suspect(wire.make_sender(), wait)
    assert said == ["sent to suspects", "ack"]


async def test_a_suspect_that_was_not_sent_back_is_handled_where_it_is() -> None:
    wire, waits = Wire(), [True, False]

    async def deliver(incoming: Incoming) -> None:
        if waits.pop(0):
            await wait(incoming)
        await wire.deliver(incoming)

    send = wire.make_sender(PublishError("no answer"))
    said = await wire.receive_suspect(send, deliver)
    assert said == ["sent to suspects", "handled", "ack"]


async def test_who_is_paused_takes_no_suspect_when_its_turn_comes() -> None:
    wire, alone, channel = Wire(), asyncio.Lock(), AsyncMock(is_closed=False)
    reader = Suspects("suspects", wire.deliver, wire.make_sender(), alone)
    async with Turn(alone):
        reader.read_from(channel)
        await asyncio.sleep(0)
        pausing = asyncio.create_task(reader.pause())
        await asyncio.sleep(0)
    await pausing
    queue = channel.get_queue.return_value
    queue.get.assert_not_awaited()


async def wait(incoming: Incoming) -> None:
    async with at_rest(incoming.outages):
        pytest.fail("it waits in hand")


@pytest.mark.parametrize(
    "failure",
    [
        TimeoutError(),
        ConnectionError("reset"),
        ChannelInvalidStateError("closed"),
        DeliveryError(None, Basic.Nack(1)),
        RuntimeError("whatever ends a channel"),
    ],
    ids=repr,
)
async def test_a_publish_that_is_not_confirmed_raises(failure: Exception) -> None:
    exchange = AsyncMock()
    exchange.publish.side_effect = failure
    with pytest.raises(PublishError):
        await publish(exchange, "order.placed", Message(b"{}"))
