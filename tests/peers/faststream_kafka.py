"""A FastStream service on Kafka: the arguments are the server's URL and its topics."""

import asyncio
import json
import sys

from faststream.kafka import KafkaBroker, KafkaMessage
from pipe import obey, tell_message
from pydantic import BaseModel


class Parcel(BaseModel):
    """What its topics are about."""

    parcel: str


async def main(url: str, *topics: str) -> None:
    """Subscribe, and publish what the test wants."""
    broker = KafkaBroker(url.partition("://")[2], logger=None)

    async def hear(event: Parcel, message: KafkaMessage) -> None:
        body = event.model_dump_json().encode()
        tell_message(message.raw_message.topic, body, message.headers)

    for topic in topics:
        broker.subscriber(topic, auto_offset_reset="earliest")(hear)

    async def send(*, topic: str, body: bytes, headers: dict[str, str]) -> None:
        await broker.publish(json.loads(body), topic, headers=headers)

    async with broker:
        await broker.start()
        await obey(send)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
