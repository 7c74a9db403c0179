"""A database of a run's own, and what bare SQLAlchemy does in it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import messages
from aio_pika import connect
from messages import Task
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def name_database(task: Task) -> str:
    """Return the URL of the run's own database."""
    url = make_url(os.environ["SERVER_URL"]).set(database=task.name.replace("-", "_"))
    return url.render_as_string(hide_password=False)


def create_engine(url: str) -> AsyncEngine:
    """Return an engine as SQLAlchemy makes it."""
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), pool_size=20)


async def create_database(task: Task) -> None:
    """Make the run's own database."""
    await execute(f"CREATE DATABASE {make_url(name_database(task)).database}")


async def drop_database(task: Task) -> None:
    """Drop it, whoever is still there."""
    await execute(f"DROP DATABASE {make_url(name_database(task)).database} WITH (FORCE)")


async def execute(statement: str) -> None:
    """Run a statement on the server, outside of any transaction."""
    engine = create_engine(os.environ["SERVER_URL"])
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@asynccontextmanager
async def sink(task: Task, exchange: str) -> AsyncIterator[None]:
    """Let somebody listen to the topic on RabbitMQ during the block."""
    if task.is_kafka:
        yield
        return
    async with await connect(task.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True, arguments=messages.SHORT)
        await queue.bind(exchange, task.name)
        yield


async def repeat(count: int, work: Callable[[], Awaitable[None]], at_once: int = 10) -> None:
    """Do something so many times, some of them at once."""
    numbers = iter(range(count))

    async def do_some() -> None:
        for _ in numbers:
            await work()

    await asyncio.gather(*(do_some() for _ in range(at_once)))
