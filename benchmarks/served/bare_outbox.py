"""Emit, relay and handle with bare SQLAlchemy and a bare client, and nothing that protects it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import backlog
import databases
import messages
from aio_pika import connect_robust
from aiokafka import AIOKafkaProducer
from messages import BODY, TIMEOUT_SECONDS, Fields, Meter, Task
from sqlalchemy import BigInteger, DateTime, LargeBinary, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Figures = Mapping[str, float]
Publish = Callable[["Outgoing"], Awaitable[object]]
Sessions = async_sessionmaker[AsyncSession]
BATCH = 100


class Base(DeclarativeBase):
    """The base of both tables."""


class Outgoing(Base):
    """A message to publish."""

    __tablename__ = "outgoing"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36))
    topic: Mapped[str] = mapped_column(String(255))
    key: Mapped[str] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Incoming(Base):
    """A message that was handled."""

    __tablename__ = "incoming"

    subscription: Mapped[str] = mapped_column(String(128), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def make_row(task: Task) -> Outgoing:
    """Return a message to publish."""
    event = messages.FIELDS.model_copy(update={"item_id": uuid4()})
    return Outgoing(
        message_id=str(uuid4()),
        topic=task.name,
        key=str(event.item_id),
        body=event.model_dump_json().encode(),
        time=datetime.now(UTC),
    )


async def emit(task: Task, sessions: Sessions) -> Figures:
    """Insert a row in each of many transactions."""
    meter = Meter(task)

    async def emit_one() -> None:
        async with sessions.begin() as session:
            session.add(make_row(task))
        meter.count()

    await databases.repeat(task.total, emit_one)
    return meter.figures


async def relay(task: Task, sessions: Sessions) -> Figures:
    """Publish and delete rows, a batch in each transaction."""
    meter = Meter(task)
    for _ in range(0, task.total, 1000):
        async with sessions.begin() as session:
            session.add_all(make_row(task) for _ in range(1000))
    oldest = select(Outgoing).order_by(Outgoing.id).limit(BATCH).with_for_update(skip_locked=True)
    async with open_publisher(task) as publish:

        async def publish_one(row: Outgoing) -> None:
            await publish(row)
            meter.count()

        while not meter.done.is_set():
            async with sessions.begin() as session:
                rows = (await session.scalars(oldest)).all()
                await asyncio.gather(*map(publish_one, rows))
                await session.execute(delete(Outgoing).where(Outgoing.id.in_([r.id for r in rows])))
    return meter.figures


@asynccontextmanager
async def open_publisher(task: Task) -> AsyncIterator[Publish]:
    """Connect the bare client of the broker."""
    if task.is_kafka:
        await backlog.make_topic(task, task.name)
        producer = AIOKafkaProducer(bootstrap_servers=task.server, enable_idempotence=True)
        await producer.start()

        async def publish(row: Outgoing) -> None:
            headers = messages.write_kafka(row.topic)
            await producer.send_and_wait(row.topic, row.body, key=row.key.encode(), headers=headers)

        yield publish
        await producer.stop()
        return
    async with await connect_robust(task.url) as connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.declare_exchange(task.name, "topic", auto_delete=True)

        async def publish_confirmed(row: Outgoing) -> None:
            message = messages.write_amqp(row.topic)
            message.body = row.body
            await exchange.publish(message, row.topic, timeout=TIMEOUT_SECONDS)

        async with databases.sink(task, task.name):
            yield publish_confirmed


async def handle(task: Task, sessions: Sessions) -> Figures:
    """Decode messages, one after the other, and insert a row for each."""
    meter = Meter(task)
    prefix = messages.PREFIXES["kafka"]
    for _ in range(task.total):
        headers = messages.write_headers(prefix, task.name)
        attributes = messages.read_headers(headers, prefix)
        Fields.model_validate_json(BODY)
        async with sessions.begin() as session:
            session.add(
                Incoming(
                    subscription="count",
                    message_id=attributes.id,
                    received_at=datetime.now(UTC),
                )
            )
        meter.count()
    return meter.figures


async def work(task: Task) -> Figures:
    """Do what is asked for, in a database of its own."""
    await databases.create_database(task)
    engine = databases.create_engine(databases.name_database(task))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        return await {"emit": emit, "relay": relay, "handle": handle}[task.action](task, sessions)
    finally:
        await engine.dispose()
        await databases.drop_database(task)
        if task.is_kafka:
            await backlog.forget_topics(task)


if __name__ == "__main__":
    messages.run(work)
