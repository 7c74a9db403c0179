"""Send one event to services of the template, with aiokafka alone: URL, topic and body."""

import asyncio
import sys
from uuid import uuid4

from aiokafka import AIOKafkaProducer


async def main(url: str, topic: str, body: str) -> None:
    """Send the event to its topic."""
    servers = url.removeprefix("kafka://")
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        # An id, with the source, is what an event is known by: one that comes twice counts once.
        headers = [("ce_id", str(uuid4()).encode()), ("ce_source", b"/their/service")]
        await producer.send_and_wait(topic, body.encode(), headers=headers)


asyncio.run(main(*sys.argv[1:]))
