"""Send one event to services of the template, with aio-pika alone: URL, topic and body."""

import asyncio
import sys
from uuid import uuid4

from aio_pika import DeliveryMode, Message, connect


async def main(url: str, topic: str, body: str) -> None:
    """Send the event to the exchange `events`."""
    async with await connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("events")
        # An id, with the source, is what an event is known by: one that comes twice counts once.
        headers = {"cloudEvents:id": str(uuid4()), "cloudEvents:source": "/their/service"}
        json = {"content_type": "application/json", "delivery_mode": DeliveryMode.PERSISTENT}
        await exchange.publish(Message(body.encode(), headers=headers, **json), topic)


asyncio.run(main(*sys.argv[1:]))
