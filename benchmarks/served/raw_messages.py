"""Publish or consume with the bare client libraries, as a careful programmer would."""

from collections.abc import Mapping

import backlog
import messages
from aio_pika import connect_robust
from aio_pika.abc import AbstractIncomingMessage
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from messages import BODY, KEY, PREFETCH, PREFIXES, TIMEOUT_SECONDS, Fields, Meter, Task

Figures = Mapping[str, float]
# Enough that a commit costs nothing beside it.
BATCH = 500


async def publish_to_rabbitmq(task: Task) -> Figures:
    """Publish with confirms."""
    async with await connect_robust(task.url) as connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.declare_exchange(task.name, "topic", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True, arguments=messages.SHORT)
        await queue.bind(exchange, task.name)

        async def publish() -> None:
            message = messages.write_amqp(task.name)
            await exchange.publish(message, task.name, timeout=TIMEOUT_SECONDS)

        return (await messages.measure_publishing(task, publish)).figures


async def publish_to_kafka(task: Task) -> Figures:
    """Publish with an idempotent producer, and wait for each."""
    await backlog.make_topic(task, task.name)
    producer = AIOKafkaProducer(bootstrap_servers=task.server, enable_idempotence=True)
    await producer.start()

    async def publish() -> None:
        headers = messages.write_kafka(task.name)
        await producer.send_and_wait(task.name, BODY, key=KEY.encode(), headers=headers)

    try:
        return (await messages.measure_publishing(task, publish)).figures
    finally:
        await producer.stop()
        await backlog.forget_topics(task)


async def consume_from_rabbitmq(task: Task) -> Figures:
    """Consume with a prefetch, and acknowledge each."""
    meter = Meter(task)

    async def take(incoming: AbstractIncomingMessage) -> None:
        messages.read_headers(incoming.headers, PREFIXES["amqp"])
        Fields.model_validate_json(incoming.body)
        meter.count()
        await incoming.ack()

    async with await connect_robust(task.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(
            task.name, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await backlog.fill(task, "", task.name, task.name)
        await queue.consume(take)
        await meter.done.wait()
    await backlog.forget_queues(task, task.name)
    return meter.figures


async def consume_from_kafka(task: Task) -> Figures:
    """Consume in a group, and commit each batch."""
    meter = Meter(task)
    await backlog.make_topic(task, task.name)
    await backlog.fill(task, "", "", task.name)
    consumer = AIOKafkaConsumer(
        task.name,
        bootstrap_servers=task.server,
        group_id=task.name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        while not meter.done.is_set():
            batch = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            for records in batch.values():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    messages.read_headers(headers, PREFIXES["kafka"])
                    Fields.model_validate_json(record.value)
                    meter.count()
            await consumer.commit()
    finally:
        await consumer.stop()
        await backlog.forget_topics(task)
    return meter.figures


async def work(task: Task) -> Figures:
    """Do what is asked for."""
    if task.action == "publish":
        return await (publish_to_kafka if task.is_kafka else publish_to_rabbitmq)(task)
    return await (consume_from_kafka if task.is_kafka else consume_from_rabbitmq)(task)


if __name__ == "__main__":
    messages.run(work)
