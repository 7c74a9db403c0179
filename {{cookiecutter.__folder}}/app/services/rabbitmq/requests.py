"""Requests and replies on RabbitMQ, by direct reply-to."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.intake import Intake
from app.services.rabbitmq.messages import read_message, write_message
from app.services.rabbitmq.publishing import publish
from app.services.rabbitmq.queues import EXCHANGE
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Incoming, Respond
from app.utils.topology import Group

logger = Logger(__name__)

# The server's name for whoever asks on this channel.
REPLY_TO = "amq.rabbitmq.reply-to"


class Asker:
    """Ask, and wait for replies on the channel that asked."""

    def __init__(self) -> None:
        """Wait for a channel."""
        self._exchange: AbstractExchange | None = None
        self._waiting: dict[str, asyncio.Future[Envelope]] = {}

    async def set_up(self, channel: AbstractChannel) -> None:
        """Take replies on a new channel."""
        self._exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        replies = await channel.get_queue(REPLY_TO, ensure=False)
        await replies.consume(self._receive, no_ack=True, timeout=TIMEOUT_SECONDS)

    async def ask(self, message: Envelope, seconds: float) -> Envelope:
        """Return the reply; raises TimeoutError, and what publishing raises."""
        reply: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[message.id] = reply
        outgoing = write_message(message, message.id)
        outgoing.correlation_id = message.id
        outgoing.reply_to = REPLY_TO
        try:
            async with asyncio.timeout(seconds):
                await publish(self._exchange, message.topic, outgoing)
                return await reply
        finally:
            del self._waiting[message.id]

    async def _receive(self, incoming: AbstractIncomingMessage) -> None:
        reply = self._waiting.get(incoming.correlation_id or "")
        if reply is not None and not reply.done():
            reply.set_result(read_message(incoming))


class Answers(Intake):
    """Answer the requests of a topic, from a queue that is there as long as anybody answers."""

    def __init__(self, group: Group, respond: Respond) -> None:
        """Answer with what `respond` returns."""
        super().__init__(group.name, ignore)
        self._group = group
        self._respond = respond

    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel."""
        queue = await channel.declare_queue(
            self._group.name, auto_delete=True, timeout=TIMEOUT_SECONDS
        )
        await queue.bind(EXCHANGE, self._group.topic.name, timeout=TIMEOUT_SECONDS)
        exchange = channel.default_exchange

        async def receive(incoming: AbstractIncomingMessage) -> None:
            try:
                reply = await self._respond(read_message(incoming))
                if reply is not None and incoming.reply_to:
                    outgoing = write_message(reply, reply.id)
                    outgoing.correlation_id = incoming.correlation_id
                    # Whoever asked may be gone: that is no concern of ours.
                    await exchange.publish(
                        outgoing, incoming.reply_to, mandatory=False, timeout=TIMEOUT_SECONDS
                    )
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                logger.error("request not answered", queue=self._group.name, error=repr(error))
            await incoming.ack()

        await self.consume(channel, self._group.name, receive)


async def ignore(incoming: Incoming) -> None:
    """Do nothing: a request is answered, not delivered."""
    del incoming
