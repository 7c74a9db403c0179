"""Publish or consume with FastStream."""

import asyncio
from collections.abc import Mapping
from typing import Any

import backlog
import messages
from aio_pika import connect
from faststream.kafka import KafkaBroker
from faststream.rabbit import (
    Channel,
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitQueue,
)
from messages import BODY, KEY, PREFETCH, PREFIXES, TIMEOUT_SECONDS, Fields, Meter, Task

Figures = Mapping[str, float]


async def publish_to_rabbitmq(task: Task) -> Figures:
    """Publish with confirms."""
    exchange = RabbitExchange(task.name, type=ExchangeType.TOPIC, auto_delete=True)
    broker = RabbitBroker(task.url, default_channel=Channel(on_return_raises=True))
    async with broker, await connect(task.url) as connection:
        await broker.connect()
        await broker.declare_exchange(exchange)
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True, arguments=messages.SHORT)
        await queue.bind(task.name, task.name)

        async def publish() -> None:
            headers = messages.write_headers(PREFIXES["amqp"], task.name)
            await broker.publish(
                BODY,
                exchange=exchange,
                routing_key=task.name,
                timeout=TIMEOUT_SECONDS,
                persist=True,
                headers=dict(headers),
                content_type="application/json",
                message_id=headers["cloudEvents:id"],
                message_type=task.name,
            )

        return (await messages.measure_publishing(task, publish)).figures


async def publish_to_kafka(task: Task) -> Figures:
    """Publish with an idempotent producer, and wait for each."""
    await backlog.make_topic(task, task.name)
    async with KafkaBroker(task.server, enable_idempotence=True) as broker:
        await broker.start()

        async def publish() -> None:
            headers = messages.write_headers(PREFIXES["kafka"], task.name)
            headers["content-type"] = "application/json"
            await broker.publish(BODY, task.name, key=KEY.encode(), headers=headers)

        figures = (await messages.measure_publishing(task, publish)).figures
    await backlog.forget_topics(task)
    return figures


async def consume_from_rabbitmq(task: Task, options: dict[str, Any]) -> Figures:
    """Consume with a prefetch; it acknowledges what was handled."""
    meter = Meter(task)
    broker = RabbitBroker(task.url, default_channel=Channel(prefetch_count=PREFETCH), **options)
    queue = RabbitQueue(task.name, durable=True, queue_type=QueueType.QUORUM)

    @broker.subscriber(queue)
    async def take(_event: Fields) -> None:
        meter.count()

    async with broker:
        await broker.connect()
        await broker.declare_queue(queue)
        await backlog.fill(task, "", task.name, task.name)
        await broker.start()
        await meter.done.wait()
        await asyncio.sleep(0.1)
    await backlog.forget_queues(task, task.name)
    return meter.figures


async def consume_from_kafka(task: Task, options: dict[str, Any]) -> Figures:
    """Consume as by default, which commits every five seconds, handled or not."""
    meter = Meter(task)
    await backlog.make_topic(task, task.name)
    await backlog.fill(task, "", "", task.name)
    broker = KafkaBroker(task.server, **options)

    @broker.subscriber(task.name, group_id=task.name, auto_offset_reset="earliest")
    async def take(_event: Fields) -> None:
        meter.count()

    async with broker:
        await broker.start()
        await meter.done.wait()
    await backlog.forget_topics(task)
    return meter.figures


async def work(task: Task) -> Figures:
    """Do what is asked for."""
    if task.action == "publish":
        return await (publish_to_kafka if task.is_kafka else publish_to_rabbitmq)(task)
    options = {} if task.action == "consume" else {"logger": None}
    return await (consume_from_kafka if task.is_kafka else consume_from_rabbitmq)(task, options)


if __name__ == "__main__":
    messages.run(work)
