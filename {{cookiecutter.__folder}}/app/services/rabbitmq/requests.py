"""Requests and replies on RabbitMQ, by direct reply-to."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from app.services.rabbitmq.connection import TIMEOUT_SECONDS
from app.services.rabbitmq.intake import Intake
from app.services.rabbitmq.messages import (
    MAX_HEADER_BYTES,
    count_header_bytes,
    read_message,
    write_message,
)
from app.services.rabbitmq.publishing import publish
from app.services.rabbitmq.queues import EXCHANGE, name_requests
from app.utils.background import stray_cancellation_fails
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Incoming, Respond
from app.utils.topology import Group

logger = Logger(__name__)

# The server's name for whoever asks on this channel.
REPLY_TO = "amq.rabbitmq.reply-to"
# Longer than a server needs to start again, and those who answer to come back.
REQUESTS_MILLISECONDS = 10 * 60 * 1000


class Asker:
    """Ask, and wait for replies on the channel that asked."""

    def __init__(self) -> None:
        """Wait for a channel."""
        self._exchange: AbstractExchange | None = None
        self._header_bytes = MAX_HEADER_BYTES
        self._waiting: dict[str, asyncio.Future[Envelope]] = {}

    async def set_up(self, channel: AbstractChannel) -> None:
        """Take replies on a new channel."""
        self._exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        self._header_bytes = await count_header_bytes(channel)
        replies = await channel.get_queue(REPLY_TO, ensure=False)
        await replies.consume(self._receive, no_ack=True, timeout=TIMEOUT_SECONDS)

    async def ask(self, message: Envelope, seconds: float) -> Envelope:
        """Return the reply; raises TimeoutError, and what publishing raises."""
        reply: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        outgoing = write_message(message, self._header_bytes)
        outgoing.correlation_id = message.id
        outgoing.reply_to = REPLY_TO
        self._waiting[message.id] = reply
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
    """Answer the requests of a topic, from a queue that is there as long as anybody answers.

    Durable, because RabbitMQ takes no other that several connections share. It goes with the last
    who answers, and by itself when all of them died at once with the server.
    """

    def __init__(self, group: Group, respond: Respond) -> None:
        """Answer with what `respond` returns."""
        super().__init__(group.name, ignore)
        self._queue = name_requests(group)
        self._group = group
        self._respond = respond

    async def set_up(self, channel: AbstractChannel) -> None:
        """Consume on a new channel."""
        queue = await channel.declare_queue(
            self._queue,
            durable=True,
            auto_delete=True,
            arguments={"x-expires": REQUESTS_MILLISECONDS},
            timeout=TIMEOUT_SECONDS,
        )
        await queue.bind(EXCHANGE, self._group.topic.name, timeout=TIMEOUT_SECONDS)
        exchange = channel.default_exchange
        header_bytes = await count_header_bytes(channel)

        async def receive(incoming: AbstractIncomingMessage) -> None:
            try:
                with stray_cancellation_fails():
                    reply = await self._respond(read_message(incoming))
                    if reply is not None and incoming.reply_to:
                        outgoing = write_message(reply, header_bytes)
                        outgoing.correlation_id = incoming.correlation_id
                        # Whoever asked may be gone: that is no concern of ours.
                        await exchange.publish(
                            outgoing, incoming.reply_to, mandatory=False, timeout=TIMEOUT_SECONDS
                        )
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                logger.error("request not answered", queue=self._group.name, error=repr(error))
            await incoming.ack()

        await self.consume(channel, self._queue, receive)


async def ignore(incoming: Incoming) -> None:
    """Do nothing: a request is answered, not delivered."""
    del incoming
