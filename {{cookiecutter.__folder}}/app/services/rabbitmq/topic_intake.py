"""Taking all messages of a topic from RabbitMQ, while this process listens."""

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.intake import Intake
from app.services.rabbitmq.messages import read_message
from app.services.rabbitmq.queues import EXCHANGE
from app.utils.message_broker import Deliver, Incoming
from app.utils.topology import Topic


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
