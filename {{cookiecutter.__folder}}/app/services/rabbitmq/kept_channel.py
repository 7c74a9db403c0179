"""Channels to RabbitMQ that come back by themselves."""

import asyncio
from collections.abc import Awaitable, Callable

from aio_pika import Channel, RobustConnection
from aio_pika.abc import AbstractChannel

from app.services.rabbitmq.channel import close_channel
from app.services.rabbitmq.connection import RETRY_SECONDS, TIMEOUT_SECONDS
from app.services.rabbitmq.errors import FAILURES, describe, is_refusal, recognise_loss
from app.utils.broker_errors import BrokerRefusedError
from app.utils.logger import Logger

logger = Logger(__name__)

SetUp = Callable[[AbstractChannel], Awaitable[None]]


class KeptChannel:
    """A channel that is opened again, and set up as before, whenever it was lost.

    The client's own channels do that too, but one whose queue is gone keeps the connection from
    coming back, and with it everybody else.
    """

    def __init__(self, connection: RobustConnection, name: str, set_up: SetUp) -> None:
        """Prepare; logs call the channel `name`."""
        self._connection = connection
        self._name = name
        self._set_up = set_up
        self._channel: AbstractChannel | None = None
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the channel is there, with everything that was set up on it."""
        return not (self._channel is None or self._channel.is_closed or self._lost.is_set())

    async def open(self) -> None:
        """Open it, now or as soon as the server answers.

        Raises BrokerRefusedError if it cannot be set up like this.
        """
        try:
            if self._connection.connected.is_set():
                await self._open()
        except FAILURES as error:
            if is_refusal(error):
                raise BrokerRefusedError(f"{self._name}: {describe(error)}") from error
            logger.warning("channel not open", channel=self._name, error=describe(error))
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Open it no more; it stays open if it is."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            if self._channel is not None:
                await self._lost.wait()
                logger.warning("channel lost", channel=self._name)
                lost, self._channel = self._channel, None
                await close_channel(lost)
            await self._connection.connected.wait()
            try:
                await self._open()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must be tried again
                logger.warning("channel not open", channel=self._name, error=describe(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                logger.info("channel open", channel=self._name)

    async def _open(self) -> None:
        lost = asyncio.Event()
        channel = Channel(self._connection, on_return_raises=True)
        # The channel may be lost, or the server may end a consumer on it.
        channel.close_callbacks.add(lambda *_: lost.set())
        try:
            with recognise_loss():
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await channel.initialize()
                    underlay = await channel.get_underlay_channel()
                    underlay.on_consumer_cancel_callbacks.add(lambda _: lost.set())
                    await self._set_up(channel)
        except BaseException:
            await close_channel(channel)
            raise
        self._channel, self._lost = channel, lost
