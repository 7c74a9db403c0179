"""Taking messages from RabbitMQ, so that none is lost."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.errors import FAILURES, describe
from app.utils.broker_errors import DeadLetterRefusedError
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming

logger = Logger(__name__)

PREFETCH = 20
PAUSE_SECONDS = 1.0
# RabbitMQ ends the channel of who keeps a message for 30 minutes, which would count as a death.
OVERDUE_SECONDS = 25 * 60.0
WATCH_SECONDS = 60.0


class Intake(ABC):
    """What one subscription has taken and not yet given back."""

    def __init__(self, name: str, deliver: Deliver) -> None:
        """Deliver messages; logs call the subscription `name`."""
        self._name = name
        self._deliver = deliver
        self._since: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._consumers: list[tuple[AbstractChannel, str]] = []
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(WATCH_SECONDS, self._watch)

    @abstractmethod
    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel."""

    async def pause(self) -> None:
        """Take no more, and wait for what is in flight."""
        for channel, tag in self._consumers:
            # A channel that is lost has no consumers any more.
            if not channel.is_closed:
                await cancel_consumer(channel, tag)
        self._consumers.clear()
        try:
            await self._idle.wait()
        finally:
            self.stop()

    def stop(self) -> None:
        """Begin nothing more; what is in flight ends with the connection."""
        self._timer.cancel()

    async def consume(
        self,
        channel: AbstractChannel,
        queue: str,
        receive: Callable[[AbstractIncomingMessage], Awaitable[None]],
        prefetch: int = PREFETCH,
    ) -> None:
        """Receive the messages of a queue, at most `prefetch` at a time."""

        async def take(incoming: AbstractIncomingMessage) -> None:
            task = current_task()
            self._since[task] = self._loop.time()
            self._idle.clear()
            try:
                await receive(incoming)
            except FAILURES as error:
                # The channel is gone, and the message comes again.
                logger.warning("message not acknowledged", queue=self._name, error=describe(error))
            finally:
                del self._since[task]
                self._overdue.discard(task)
                if not self._since:
                    self._idle.set()

        # It counts for the consumers that come after it.
        await channel.set_qos(prefetch_count=prefetch)
        source = await channel.get_queue(queue, ensure=False)
        tag = await source.consume(take, timeout=TIMEOUT_SECONDS)
        self._consumers = [each for each in self._consumers if not each[0].is_closed]
        self._consumers.append((channel, tag))

    async def try_to_deliver(self, incoming: Incoming) -> bool:
        """Deliver a message; tell whether it may be forgotten, after a pause if not.

        Raises DeadLetterRefusedError when the server has to move it.
        """
        try:
            await self._deliver(incoming)
        except asyncio.CancelledError:
            task = current_task()
            if task not in self._overdue:
                raise
            self._overdue.discard(task)
            task.uncancel()
            return await self.postpone(incoming.message)
        except DeadLetterRefusedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raises, the others go on
            logger.error(
                "delivery failed", queue=self._name, id=incoming.message.id, error=repr(error)
            )
            await asyncio.sleep(PAUSE_SECONDS)
            return False
        return True

    async def postpone(self, message: Envelope) -> bool:
        """Put a message that has waited for too long somewhere else; tell whether it is there."""
        logger.warning("message dropped", queue=self._name, id=message.id)
        return True

    def _watch(self) -> None:
        """Take back what has waited for so long that the server would."""
        self._timer = self._loop.call_later(WATCH_SECONDS, self._watch)
        latest = self._loop.time() - OVERDUE_SECONDS
        for task in [task for task, since in self._since.items() if since < latest]:
            self._since[task] = self._loop.time()
            self._overdue.add(task)
            task.cancel()


def current_task() -> asyncio.Task[Any]:
    """Return the task that runs."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("no task runs")
    return task


async def cancel_consumer(channel: AbstractChannel, tag: str) -> None:
    """End a consumer; what it has taken stays in flight."""
    try:
        underlay = await channel.get_underlay_channel()
        await underlay.basic_cancel(tag, timeout=TIMEOUT_SECONDS)
    except FAILURES as error:
        logger.warning("consumer not ended", error=describe(error))
