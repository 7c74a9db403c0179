"""A FastStream service on RabbitMQ: the arguments are the server's URL and its topics."""

import asyncio
import json
import sys

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from pipe import obey, tell_message
from pydantic import BaseModel


class Parcel(BaseModel):
    """What its topics are about."""

    parcel: str


async def main(url: str, *topics: str) -> None:
    """Subscribe, and publish what the test wants."""
    broker = RabbitBroker(url, logger=None)
    exchange = RabbitExchange("events", type=ExchangeType.TOPIC, durable=True)

    async def hear(event: Parcel, message: RabbitMessage) -> None:
        raw = message.raw_message
        body = event.model_dump_json().encode()
        tell_message(raw.routing_key or "", body, message.headers)

    for topic in topics:
        queue = RabbitQueue(f"{topic}.faststream", routing_key=topic, auto_delete=True)
        broker.subscriber(queue, exchange)(hear)

    async def send(*, topic: str, body: bytes, headers: dict[str, str]) -> None:
        await broker.publish(
            json.loads(body), exchange=exchange, routing_key=topic, headers=headers
        )

    async with broker:
        await broker.start()
        await obey(send)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
