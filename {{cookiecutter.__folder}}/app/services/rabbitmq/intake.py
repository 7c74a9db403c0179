"""Taking messages from RabbitMQ, so that none is lost and one that kills harms no other."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.channel import FAILURES, TIMEOUT_SECONDS, describe
from app.services.rabbitmq.messages import read_count, read_message
from app.services.rabbitmq.suspects import Suspects
from app.services.rabbitmq.topology import EXCHANGE, name_suspects
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming, MessageRefusedError, PublishError
from app.utils.topology import Group, Topic

logger = Logger(__name__)

PREFETCH = 20
PAUSE_SECONDS = 1.0
# When a process dies, everything that it had taken counts as delivered once more, the innocent too.
SUSPECT_AT = 2
# RabbitMQ ends the channel of who keeps a message for 30 minutes, which would count as a death.
OVERDUE_SECONDS = 25 * 60.0
WATCH_SECONDS = 60.0

Send = Callable[[str, Envelope], Awaitable[None]]


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
        self._is_paused = False
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(WATCH_SECONDS, self._watch)

    @abstractmethod
    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel."""

    async def pause(self) -> None:
        """Take no more, and wait for what is in flight."""
        self._is_paused = True
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
        self._is_paused = True
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
        """Deliver a message; tell whether it may be forgotten, after a pause if not."""
        try:
            await self._deliver(incoming)
        except asyncio.CancelledError:
            task = current_task()
            if task not in self._overdue:
                raise
            self._overdue.discard(task)
            task.uncancel()
            return await self.postpone(incoming.message)
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

    @property
    def is_paused(self) -> bool:
        """Tell whether nothing new is begun any more."""
        return self._is_paused

    def _watch(self) -> None:
        """Take back what has waited for so long that the server would."""
        self._timer = self._loop.call_later(WATCH_SECONDS, self._watch)
        latest = self._loop.time() - OVERDUE_SECONDS
        for task in [task for task, since in self._since.items() if since < latest]:
            self._since[task] = self._loop.time()
            self._overdue.add(task)
            task.cancel()


class GroupIntake(Intake):
    """The messages of a group, and beside them its suspects.

    Which of the messages that a dead process had taken has killed it, RabbitMQ cannot know. So
    those that came back more than once go to a queue of their own, where what is counted is theirs
    alone.
    """

    def __init__(self, group: Group, deliver: Deliver, send: Send, alone: asyncio.Lock) -> None:
        """Deliver the messages of the group, and send what is suspect; see `Suspects`."""
        super().__init__(group.name, deliver)
        self._group = group
        self._suspects = Suspects(name_suspects(group), deliver, alone)
        self._send = send

    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel."""
        await self.consume(channel, self._group.name, self._receive)
        self._suspects.read_from(channel)

    async def pause(self) -> None:
        """Take no more, and wait for what is in flight."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().pause())
            tasks.create_task(self._suspects.pause())

    def stop(self) -> None:
        """Begin nothing more; what is in flight ends with the connection."""
        super().stop()
        self._suspects.stop()

    async def _receive(self, incoming: AbstractIncomingMessage) -> None:
        message = Incoming(message=read_message(incoming), origin=self._group.name)
        is_suspect = read_count(incoming) >= SUSPECT_AT
        is_apart = is_suspect and await self._move(name_suspects(self._group), message.message)
        if is_apart or await self.try_to_deliver(message):
            await incoming.ack()
        else:
            await incoming.nack()

    async def postpone(self, message: Envelope) -> bool:
        """Let a message that has waited for too long come again."""
        return await self._move(self._group.rung(0), message)

    async def _move(self, place: str, message: Envelope) -> bool:
        """Send a message to a place of the group; tell whether it is there."""
        while True:
            try:
                await self._send(place, message.move(message.attempt))
            except MessageRefusedError:
                return False
            except PublishError as error:
                logger.warning("message not moved", queue=self._name, error=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                logger.warning("message moved", queue=self._name, to=place, id=message.id)
                return True


class TopicIntake(Intake):
    """The messages of a topic that come while this process listens."""

    def __init__(self, topic: Topic, deliver: Deliver) -> None:
        """Deliver the messages of the topic."""
        super().__init__(topic.name, deliver)
        self._topic = topic

    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel, from a queue that goes with it."""
        queue = await channel.declare_queue(
            exclusive=True, auto_delete=True, timeout=TIMEOUT_SECONDS
        )
        await queue.bind(EXCHANGE, self._topic.name, timeout=TIMEOUT_SECONDS)
        await self.consume(channel, queue.name, self._receive)

    async def _receive(self, incoming: AbstractIncomingMessage) -> None:
        # Acknowledged so that the server keeps what this process has no time for yet.
        message = Incoming(message=read_message(incoming), origin=self._topic.name)
        await self.try_to_deliver(message)
        await incoming.ack()


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
