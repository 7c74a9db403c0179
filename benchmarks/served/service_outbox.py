"""Emit, relay and handle with the rendered service's outbox and inbox."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import backlog
import databases
import messages
from messages import FIELDS, PREFIXES, Fields, Meter, Task
from sqlalchemy import func, select

from app.core.config import CoreSettings, load_core_settings, load_settings
from app.core.logger_config import configure_logging
from app.database import Database
from app.domain.settings import Settings
from app.lifespan import open_container
from app.services.consumption import run_consumer
from app.services.delivery import Delivery
from app.services.outbox.relay import run_relay
from app.tables import OutboxMessage
from app.tasks.consumer import consumer
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.topology import Topic, Topology

Figures = Mapping[str, float]
NAME = sys.argv[3]
FIELD_VALUES: dict[str, Any] = FIELDS.model_dump(exclude={"item_id"})
CHUNK = 1_000


class Measured(Event, Fields, topic=NAME, key="item_id", topology=Topology(replicas=1)):
    """The event, as the service would declare it."""


@asynccontextmanager
async def opening(task: Task) -> AsyncIterator[Container]:
    """Open what the worker opens, on the run's own database."""
    os.environ["DATABASE_URL"] = databases.name_database(task)
    core = load_core_settings()
    configure_logging(core)
    consumer.subscriptions.clear()
    async with open_container(core, load_settings(Settings, core)) as opened:
        await opened[MessageBroker].apply([Topic(name=NAME, topology=Measured.topology)], [])
        async with databases.sink(task, "events"):
            yield opened


async def emit(task: Task, opened: Container) -> Figures:
    """Emit an event in each of many units of work."""
    begin, meter = opened[UnitOfWorkFactory], Meter(task)

    async def emit_one() -> None:
        async with begin() as uow:
            uow.emit(Measured(item_id=uuid4(), **FIELD_VALUES))
        meter.count()

    await databases.repeat(task.total, emit_one)
    return meter.figures


async def fill(task: Task, opened: Container) -> None:
    """Fill the outbox."""
    for first in range(0, task.total, CHUNK):
        async with opened[UnitOfWorkFactory]() as uow:
            for _ in range(first, min(first + CHUNK, task.total)):
                uow.emit(Measured(item_id=uuid4(), **FIELD_VALUES))
    gc.collect()


async def relay(task: Task, opened: Container) -> Figures:
    """Relay what is in the outbox, until it is empty."""
    meter, broker = Meter(task), opened[MessageBroker]
    publish, published, first, last = broker.publish, 0, 0.0, 0.0

    async def count(message: Envelope) -> None:
        nonlocal published, first, last
        await publish(message)
        meter.count()
        last = time.monotonic()
        first = first or last
        published += 1

    broker.publish = count  # type: ignore[method-assign] # to be told of each
    async with run_relay(opened):
        # Another process may be the one that publishes the last.
        while not meter.done.is_set() and await count_left(opened):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.2)
    return {**meter.figures, "published": published, "first": first, "last": last}


async def count_left(opened: Container) -> int:
    """Return how many messages wait."""
    async with opened[Database].sessions() as session:
        return await session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


async def handle(task: Task, opened: Container) -> Figures:
    """Handle messages, one after the other, each in a transaction with the inbox."""
    meter = Meter(task)
    delivery = Delivery(subscribe(meter), consumer.list_groups("benchmark")[0], opened)
    prefix = PREFIXES["kafka"]
    for _ in range(task.total):
        headers = messages.write_headers(prefix, NAME)
        message = Envelope.from_headers(
            headers, messages.BODY, prefix=prefix, topic=NAME, fallback_id=""
        )
        await delivery(Incoming(message=message))
    return meter.figures


async def consume(task: Task, opened: Container) -> Figures:
    """Consume a backlog, with the inbox."""
    meter = Meter(task)
    subscribe(meter)
    groups = consumer.list_groups(opened[CoreSettings].service.name)
    await opened[MessageBroker].apply([], groups)
    await backlog.fill(task, "events", NAME, NAME)
    async with run_consumer(consumer, opened):
        await meter.done.wait()
    return meter.figures


def subscribe(meter: Meter) -> Any:
    """Subscribe a handler that only counts."""

    @consumer.on(Measured)
    async def count(_event: Measured, _uow: UnitOfWork) -> None:
        meter.count()

    return consumer.subscriptions[0]


async def work(task: Task) -> Figures:
    """Do what is asked for; `fill`, `drain` and `forget` share a database."""
    if task.action == "forget":
        return await forget(task)
    if task.action != "drain":
        await databases.create_database(task)
    figures: Figures = {}
    try:
        async with opening(task) as opened:
            if task.action in ("fill", "relay"):
                await fill(task, opened)
            if task.action in ("drain", "relay"):
                figures = await relay(task, opened)
            if task.action in ("emit", "handle", "consume"):
                figures = await {"emit": emit, "handle": handle, "consume": consume}[task.action](
                    task, opened
                )
    finally:
        if task.action not in ("fill", "drain"):
            await forget(task)
    return figures


async def forget(task: Task) -> Figures:
    """Delete what the run has made."""
    await databases.drop_database(task)
    if task.is_kafka:
        await backlog.forget_topics(task)
    elif task.action == "consume":
        from app.services.rabbitmq.queues import list_queues  # noqa: PLC0415 - only here

        for group in consumer.list_groups(task.name):
            await backlog.forget_queues(task, *list_queues(group))
    return {}


if __name__ == "__main__":
    messages.run(work)
