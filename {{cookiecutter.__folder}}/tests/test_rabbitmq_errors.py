"""What the client of RabbitMQ raises, and what that means."""

import asyncio

import pytest

from app.services.rabbitmq.errors import recognise_loss, translate_failures
from app.utils.broker_errors import BrokerUnavailableError


async def wait_for_what_is_cancelled() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(asyncio.CancelledError())
    await future


async def test_a_lost_connection_is_no_cancellation() -> None:
    with pytest.raises(ConnectionError, match="the connection is lost"), recognise_loss():
        await wait_for_what_is_cancelled()


async def test_a_lost_connection_is_a_broker_that_does_not_answer() -> None:
    with pytest.raises(BrokerUnavailableError, match="connection is lost"), translate_failures():
        await wait_for_what_is_cancelled()


async def test_who_is_cancelled_stays_so() -> None:
    async def wait() -> None:
        with recognise_loss():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
