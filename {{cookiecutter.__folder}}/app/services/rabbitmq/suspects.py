"""Messages that may have killed a process, each handled alone in its process."""

import asyncio
from contextlib import suppress

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.errors import FAILURES, describe, recognise_loss
from app.services.rabbitmq.messages import read_count, read_message
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming

logger = Logger(__name__)

LOOK_SECONDS = 2.0
PAUSE_SECONDS = 1.0


class Suspects:
    """Read the suspects of one group, one at a time in the whole process.

    They are asked for, not pushed: whatever a process has taken when it dies counts as delivered,
    so that it may take a second one, of this group or another, only when the first is done.
    """

    def __init__(self, queue: str, deliver: Deliver, alone: asyncio.Lock) -> None:
        """Deliver what is in the queue while `alone` is held."""
        self._queue = queue
        self._deliver = deliver
        self._alone = alone
        self._reading: asyncio.Task[None] | None = None
        self._paused = asyncio.Event()

    def read_from(self, channel: AbstractChannel) -> None:
        """Read from a new channel, until it is lost."""
        self._reading = asyncio.create_task(self._read(channel))

    async def pause(self) -> None:
        """Take no more, and wait for the one in hand; cancelled, leave it to another process."""
        self._paused.set()
        if self._reading is not None:
            try:
                await asyncio.wait([self._reading])
            finally:
                self.stop()

    def stop(self) -> None:
        """Leave the one in hand, if there is one, to another process."""
        self._paused.set()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, channel: AbstractChannel) -> None:
        while not (self._paused.is_set() or channel.is_closed):
            try:
                with recognise_loss():
                    found = await self._handle_next(channel)
            except FAILURES as error:
                # The channel is gone, and the message comes again.
                logger.warning("suspect not read", queue=self._queue, error=describe(error))
                return
            if not found:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._paused.wait()

    async def _handle_next(self, channel: AbstractChannel) -> bool:
        queue = await channel.get_queue(self._queue, ensure=False)
        async with self._alone:
            if self._paused.is_set():
                return False
            # Without a timeout: a reply that came after it would end the channel's reader in aiormq
            # 7.2.4, and soon the whole connection would hang. Heartbeats notice a silent server.
            incoming = await queue.get(fail=False, timeout=None)
            if incoming is not None:
                await self._handle(incoming)
        return incoming is not None

    async def _handle(self, incoming: AbstractIncomingMessage) -> None:
        message, deaths = read_message(incoming), read_count(incoming)
        suspect = Incoming(message=message, deaths=deaths, origin=self._queue)
        # To give it back would count as a death: so it is tried again where it is.
        while True:
            try:
                await self._deliver(suspect)
            except Exception as error:  # noqa: BLE001 - whatever it raises, it must come again
                logger.error("delivery failed", queue=self._queue, id=message.id, error=repr(error))
                if self._paused.is_set():
                    return
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await incoming.ack()
                return
