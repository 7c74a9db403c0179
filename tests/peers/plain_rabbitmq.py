"""A plain aio-pika client: the arguments are the server's URL and the topics to listen to."""

import asyncio
import sys
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pipe import obey, tell_message


async def hear(message: AbstractIncomingMessage) -> None:
    """Tell of a message."""
    properties = {
        "content_type": message.content_type,
        "message_id": message.message_id,
        "is_persistent": message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT,
    }
    tell_message(message.routing_key or "", message.body, message.headers, **properties)


async def main(url: str, *topics: str) -> None:
    """Listen, and send what the test wants."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("events")
        queue = await channel.declare_queue(exclusive=True)
        for topic in topics:
            await queue.bind(exchange, topic)
        await queue.consume(hear, no_ack=True)

        async def send(*, topic: str, body: bytes, headers: dict[str, str], **more: Any) -> None:
            await exchange.publish(aio_pika.Message(body, headers=headers, **more), topic)

        await obey(send)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
