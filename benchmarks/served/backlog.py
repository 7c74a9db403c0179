"""What every contender finds on the broker: topics and queues full of messages, gone at the end."""

import asyncio
import gc

import messages
from aio_pika import connect
from aio_pika.abc import AbstractExchange
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from messages import BODY, KEY, Task

PARTITIONS = 3


async def fill(task: Task, exchange: str, key: str, topic: str) -> None:
    """Put the messages where the contender will find them."""
    if task.is_kafka:
        await fill_kafka(task, topic)
    else:
        await fill_rabbitmq(task, exchange, key, topic)
    gc.collect()


async def fill_rabbitmq(task: Task, exchange: str, key: str, topic: str) -> None:
    """Publish the messages, confirmed."""
    async with await connect(task.url) as connection:
        channel = await connection.channel(on_return_raises=True)
        target: AbstractExchange = channel.default_exchange
        if exchange:
            target = await channel.get_exchange(exchange, ensure=False)
        await messages.publish_many(
            lambda: target.publish(messages.write_amqp(topic), key), task.total
        )


async def fill_kafka(task: Task, topic: str) -> None:
    """Publish the messages, confirmed, over all partitions alike."""
    producer = AIOKafkaProducer(bootstrap_servers=task.server, linger_ms=5)
    await producer.start()
    try:
        for first in range(0, task.total, 1000):
            sent = [
                await producer.send(
                    topic,
                    BODY,
                    key=KEY.encode(),
                    headers=messages.write_kafka(topic),
                    partition=number % 3,
                )
                for number in range(first, min(first + 1000, task.total))
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def make_topic(task: Task, topic: str) -> None:
    """Create a topic, unless it is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=task.server)
    await admin.start()
    try:
        if topic not in await admin.list_topics():
            await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()


async def forget_topics(task: Task) -> None:
    """Delete every topic that this run has made."""
    admin = AIOKafkaAdminClient(bootstrap_servers=task.server)
    await admin.start()
    try:
        if topics := [each for each in await admin.list_topics() if task.name in each]:
            await admin.delete_topics(topics)
    finally:
        await admin.close()


async def forget_queues(task: Task, *queues: str) -> None:
    """Delete queues that this run has made."""
    async with await connect(task.url) as connection, connection.channel() as channel:
        for queue in queues:
            await channel.queue_delete(queue)
