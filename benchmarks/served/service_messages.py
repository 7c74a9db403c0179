"""Publish or consume as the rendered service does: the same composition, handlers and logs."""

import sys
from collections.abc import Mapping

import backlog
import messages
from messages import BODY, KEY, TRACE, Fields, Meter, Task

from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.logger_config import configure_logging
from app.domain.settings import Settings
from app.lifespan import choose_broker, open_container
from app.services.consumption import run_consumer
from app.tasks.consumer import consumer
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, MessageBroker
from app.utils.topology import Topic, Topology

Figures = Mapping[str, float]
NAME = sys.argv[3]


class Measured(Event, Fields, topic=NAME, key="item_id", topology=Topology(replicas=1)):
    """The event, as the service would declare it."""


async def publish(task: Task) -> Figures:
    """Publish through the service's broker."""
    broker = choose_broker(task.url, Settings())
    await broker.connect()
    await broker.apply([Topic(name=NAME, topology=Measured.topology)], [])
    try:
        if task.is_kafka:
            return await measure_publishing(task, broker)
        from aio_pika import connect  # noqa: PLC0415 - as the service, only where it is used

        from app.services.rabbitmq.queues import EXCHANGE  # noqa: PLC0415 - as the service, only where it is used

        async with await connect(task.url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True, arguments=messages.SHORT)
            await queue.bind(EXCHANGE, NAME)
            return await measure_publishing(task, broker)
    finally:
        await broker.close()
        if task.is_kafka:
            await backlog.forget_topics(task)


async def measure_publishing(task: Task, broker: MessageBroker) -> Figures:
    """Publish messages, each new."""

    async def publish_one() -> None:
        await broker.publish(
            Envelope(topic=NAME, key=KEY, body=BODY, source="benchmark", traceparent=TRACE)
        )

    return (await messages.measure_publishing(task, publish_one)).figures


async def consume(task: Task) -> Figures:
    """Consume as the worker does."""
    core = load_core_settings()
    configure_logging(core)
    meter = Meter(task)
    consumer.subscriptions.clear()

    @consumer.on(Measured)
    async def count(_event: Measured) -> None:
        meter.count()

    async with open_container(core, load_settings(Settings, core)) as opened:
        await backlog.fill(task, "events", NAME, NAME)
        async with run_consumer(consumer, opened):
            await meter.done.wait()
    await forget(task, core)
    return meter.figures


async def forget(task: Task, core: CoreSettings) -> None:
    """Delete what the group had on the broker."""
    if task.is_kafka:
        return await backlog.forget_topics(task)
    from app.services.rabbitmq.queues import list_queues  # noqa: PLC0415 - as the service, only where it is used

    for group in consumer.list_groups(core.service.name):
        await backlog.forget_queues(task, *list_queues(group))
    return None


async def work(task: Task) -> Figures:
    """Do what is asked for."""
    return await (publish if task.action == "publish" else consume)(task)


if __name__ == "__main__":
    messages.run(work)
