"""Taking the messages of a group from RabbitMQ, so that one that kills harms no other."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.intake import PAUSE_SECONDS, Intake
from app.services.rabbitmq.messages import read_count, read_message
from app.services.rabbitmq.queues import name_suspects
from app.services.rabbitmq.suspects import Send, Suspects
from app.utils.broker_errors import DeadLetterRefusedError, MessageRefusedError, PublishError
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming
from app.utils.topology import Group

logger = Logger(__name__)

# When a process dies, everything that it had taken counts as delivered once more, the innocent too.
SUSPECT_AT = 2


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
        self._suspects = Suspects(name_suspects(group), deliver, send, alone)
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
        try:
            is_done = is_apart or await self.try_to_deliver(message)
        except DeadLetterRefusedError:
            # The server moves it to the dead letters itself, whole, however large it is.
            await incoming.reject(requeue=False)
            return
        if is_done:
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
