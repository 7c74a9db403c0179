"""Messages that may have killed a process, each handled alone in its process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.errors import FAILURES, describe, recognise_loss
from app.services.rabbitmq.messages import (
    read_deaths,
    read_message,
    read_outages,
    write_suspect,
)
from app.utils.broker_errors import DeadLetterRefusedError, PublishError
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming
from app.utils.turns import HandedBackError, Turn, resting_by

logger = Logger(__name__)

LOOK_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0

Send = Callable[[str, Envelope], Awaitable[None]]


class Suspects:
    """Read the suspects of one group, one at a time in the whole process.

    They are asked for, not pushed: whatever a process has taken when it dies counts as delivered,
    so that it may take a second one, of this group or another, only when the first is done, or was
    sent back to the end of its queue: one that waits is in no hand, and holds up no other group.
    """

    def __init__(self, queue: str, deliver: Deliver, send: Send, alone: asyncio.Lock) -> None:
        """Deliver what is in the queue while `alone` is held."""
        self._queue = queue
        self._deliver = deliver
        self._send = send
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
        pause = FIRST_PAUSE_SECONDS
        while not (self._paused.is_set() or channel.is_closed):
            try:
                with recognise_loss():
                    is_done = await self._handle_next(channel)
            except FAILURES as error:
                # The channel is gone, and the message comes again.
                logger.warning("suspect not read", queue=self._queue, error=describe(error))
                return
            if is_done:
                pause = FIRST_PAUSE_SECONDS
            elif is_done is None:
                await self._wait(LOOK_SECONDS)
            else:
                await self._wait(pause)
                pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _wait(self, seconds: float) -> None:
        """Wait, unless no more is to be taken."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._paused.wait()

    async def _handle_next(self, channel: AbstractChannel) -> bool | None:
        """Tell whether the next one is done, and not sent back; None if there is none."""
        queue = await channel.get_queue(self._queue, ensure=False)
        async with Turn(self._alone) as turn:
            if self._paused.is_set():
                return None
            # Without a timeout: a reply that came after it would end the channel's reader in aiormq
            # 7.2.4, and soon the whole connection would hang. Heartbeats notice a silent server.
            incoming = await queue.get(fail=False, timeout=None)
            return None if incoming is None else await self._handle(incoming, turn)

    async def _handle(self, incoming: AbstractIncomingMessage, turn: Turn) -> bool:
        suspect = Incoming(
            message=read_message(incoming),
            deaths=read_deaths(incoming),
            outages=read_outages(incoming),
            origin=self._queue,
        )
        while True:
            try:
                left = await self._try_to_deliver(suspect)
            except DeadLetterRefusedError:
                # The server moves it to the dead letters itself, whole, however large it is.
                await incoming.reject(requeue=False)
                return True
            if left is None:
                break
            suspect = left
            # To give it back would count as a death: so it is sent, with its counts.
            if await self._send_back(suspect):
                break
            if self._paused.is_set():
                return False
            turn.yield_turn()
            await self._wait(FIRST_PAUSE_SECONDS)
            await turn.resume()
        await incoming.ack()
        return left is None

    async def _try_to_deliver(self, suspect: Incoming) -> Incoming | None:
        """Deliver a suspect; return it as it is to come again, unless it is done."""
        try:
            with resting_by(hand_back):
                await self._deliver(suspect)
        except HandedBackError as back:
            message = suspect.message.move(suspect.message.attempt + back.attempts)
            return replace(suspect, message=message, outages=back.outages)
        except DeadLetterRefusedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raises, it must come again
            logger.error(
                "delivery failed", queue=self._queue, id=suspect.message.id, error=repr(error)
            )
            return suspect
        return None

    async def _send_back(self, suspect: Incoming) -> bool:
        """Send a suspect to the end of its queue; tell whether it is there."""
        try:
            written = write_suspect(suspect.message, suspect.deaths, suspect.outages)
            await self._send(self._queue, written)
        except PublishError as error:
            logger.warning("suspect not sent back", queue=self._queue, error=str(error))
            return False
        return True


@asynccontextmanager
async def hand_back(outages: int) -> AsyncIterator[None]:
    """Wait nowhere: whatever has to wait comes again."""
    raise HandedBackError(outages)
    yield
