"""Whatever becomes of a request on RabbitMQ, it is acknowledged: it is not done twice."""

import asyncio
from unittest.mock import AsyncMock, MagicMock

import pytest

from app.services.rabbitmq.requests import Answers
from app.utils.envelope import Envelope
from app.utils.topology import Group, Topic

GROUP = Group(name="tests.add", topic=Topic(name="test.add"))


@pytest.mark.parametrize("error", [RuntimeError("broken"), asyncio.CancelledError()], ids=repr)
async def test_a_request_whose_answer_fails_is_acknowledged(error: BaseException) -> None:
    async def respond(_: Envelope) -> None:
        raise error

    channel = AsyncMock(is_closed=False)
    tune = channel.get_underlay_channel.return_value.connection.connection_tune
    tune.frame_max = 0
    answers = Answers(GROUP, respond)
    try:
        await answers.set_up(channel)
        [take] = channel.get_queue.return_value.consume.call_args.args
        incoming = MagicMock(headers={}, body=b"{}", routing_key="test.add", ack=AsyncMock())
        await take(incoming)
    finally:
        answers.stop()
    incoming.ack.assert_awaited_once_with()
