"""A plain aiokafka client: the arguments are the server's URL and the topics to listen to."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pipe import obey, tell_message


async def hear(consumer: AIOKafkaConsumer) -> None:
    """Tell of every message."""
    async for record in consumer:
        key = record.key.decode() if record.key else None
        tell_message(record.topic, record.value or b"", dict(record.headers), key=key)


async def main(url: str, *topics: str) -> None:
    """Listen, and send what the test wants."""
    servers = url.partition("://")[2]
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer, consumer:
        hearing = asyncio.create_task(hear(consumer))

        async def send(
            *, topic: str, body: bytes | None, headers: dict[str, str], key: str | None = None
        ) -> str:
            coded = [(name, value.encode()) for name, value in headers.items()]
            sent = await producer.send_and_wait(
                topic, body, key=key.encode() if key else None, headers=coded
            )
            return f"{sent.topic}/{sent.partition}/{sent.offset}"

        await obey(send)
        hearing.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
