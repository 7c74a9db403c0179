"""The broker on RabbitMQ."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import aio_pika
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractQueue,
    AbstractRobustConnection,
    AbstractRobustExchange,
)
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from app.utils.envelope import CONTENT_TYPE, Envelope
from app.utils.logger import Logger
from app.utils.message_broker import BrokerUnavailableError, Deliver, MessageBroker, PublishError

logger = Logger(__name__)

EXCHANGE = "events"
PREFIX = "cloudEvents:"  # of application properties, as the AMQP binding of CloudEvents 1.0 says
PREFETCH = 20
TIMEOUT_SECONDS = 10.0
# Deliveries of a message that keeps killing its process, before it is put aside.
DELIVERY_LIMIT = 20
FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError)


class RabbitMQBroker(MessageBroker):
    """Publish to one topic exchange with confirms; consume from one quorum queue per group."""

    def __init__(self, url: str) -> None:
        """Prepare; `connect` connects."""
        self._url = url
        self._connection: AbstractRobustConnection | None = None
        self._exchange: AbstractRobustExchange | None = None
        self._consumers: list[tuple[AbstractQueue, str]] = []
        self._in_flight: set[asyncio.Task[Any]] = set()

    async def connect(self) -> None:
        """Connect and declare the exchange; the connection then restores itself when cut."""
        try:
            self._connection = await aio_pika.connect_robust(self._url, timeout=TIMEOUT_SECONDS)
            channel = await self._connection.channel(on_return_raises=True)
            self._exchange = await channel.declare_exchange(
                EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True
            )
        except FAILURES as error:
            raise BrokerUnavailableError(describe(error)) from error

    async def publish(self, message: Envelope) -> None:
        """Publish a persistent message; one that no queue would get is a PublishError."""
        if self._exchange is None:
            raise PublishError("not connected")
        outgoing = aio_pika.Message(
            message.body,
            message_id=message.id,
            type=message.topic,
            timestamp=message.time,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers=dict(message.to_headers(PREFIX)),
        )
        try:
            await self._exchange.publish(outgoing, message.topic, timeout=TIMEOUT_SECONDS)
        except FAILURES as error:
            raise PublishError(f"{message.topic}: {describe(error)}") from error

    async def subscribe(self, group: str, topic: str, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, several at a time."""
        if self._connection is None:
            raise BrokerUnavailableError("not connected")
        channel = await self._connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        dead = f"{group}.dead"
        await channel.declare_queue(dead, durable=True, arguments={"x-queue-type": "quorum"})
        queue = await channel.declare_queue(
            group,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead,
            },
        )
        await queue.bind(EXCHANGE, routing_key=topic)
        tag = await queue.consume(partial(self._receive, group, deliver))
        self._consumers.append((queue, tag))

    async def pause(self) -> None:
        """Take no more messages, and wait for those in flight; the others stay on the server."""
        for queue, tag in self._consumers:
            # A connection that is down has no consumers any more.
            with suppress(*FAILURES):
                await queue.cancel(tag)
        self._consumers.clear()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    async def ping(self) -> None:
        """Raise BrokerUnavailableError while the connection is down."""
        if self._connection is None or not self._connection.connected.is_set():
            raise BrokerUnavailableError("not connected")

    async def close(self) -> None:
        """Close the connection; what was not acknowledged goes back to its queue."""
        if self._connection is not None:
            await self._connection.close()

    async def _receive(
        self, group: str, deliver: Deliver, incoming: AbstractIncomingMessage
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        message = read_envelope(incoming)
        try:
            await deliver(message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the rest goes on
            logger.error("message put aside", group=group, id=message.id, error=repr(error))
            await incoming.reject(requeue=False)
        else:
            await incoming.ack()


def read_envelope(incoming: AbstractIncomingMessage) -> Envelope:
    """Return the message that RabbitMQ delivered, whoever sent it."""
    return Envelope.from_headers(
        {name: str(value) for name, value in incoming.headers.items()},
        incoming.body,
        prefix=PREFIX,
        topic=incoming.routing_key or "",
        fallback_id=incoming.message_id or "",
    )


def describe(error: BaseException) -> str:
    """Return one line about an error, which for some of the client's is not in its text."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
