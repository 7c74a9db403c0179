"""What a drill sees of a service: its tables and the places of its groups, asked line by line.

It runs in the service's own environment. A line of JSON names a question; a line answers it.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import strangers
from sqlalchemy import text

from app.core.config import CoreSettings, load_core_settings
from app.database import Database, open_database
from app.domain.events import OrderConfirmed, OrderPlaced
from app.domain.settings import Settings
from app.lifespan import choose_broker
from app.tasks.consumer import consumer

PATIENCE_SECONDS = 20.0
COUNTS = {
    "orders": "SELECT count(*) FROM orders",
    "effects": "SELECT count(*) FROM effects",
    "confirmed": "SELECT count(*) FROM effects WHERE step = 'confirmed'",
    "outbox": "SELECT count(*) FROM outbox",
}


async def read(database: Database, statement: str, **values: Any) -> list[list[Any]]:
    """Return the rows of a statement."""
    async with database.sessions() as session:
        rows = await session.execute(text(statement), values)
        return [list(row) for row in rows]


async def count_rows(database: Database, _: CoreSettings) -> dict[str, int]:
    """Count what the service has written."""
    return {name: (await read(database, sql))[0][0] for name, sql in COUNTS.items()}


async def read_rows(database: Database, _: CoreSettings) -> dict[str, Any]:
    """Return every order, every effect with its moment, and the topics of what was not sent."""
    orders = await read(database, "SELECT number FROM orders")
    effects = await read(database, "SELECT number, step, happened_at FROM effects")
    outbox = await read(database, "SELECT topic FROM outbox")
    return {
        "orders": [number for (number,) in orders],
        "effects": effects,
        "outbox": [topic for (topic,) in outbox],
    }


async def count_messages(_: Database, core: CoreSettings) -> dict[str, Any]:
    """Count the messages that wait, by place, those of all groups together."""
    broker = choose_broker(core.broker.url, Settings())
    counts: dict[str, int] = {}
    dead: set[str] = set()
    try:
        await broker.connect()
        for group in consumer.list_groups(core.service.name):
            counts |= {f"{group.name}: {k}": n for k, n in (await broker.count(group)).items()}
            dead.add(f"{group.name}: {group.dead}")
    finally:
        await broker.close()
    return {
        "waiting": sum(number for place, number in counts.items() if place not in dead),
        "dead": sum(number for place, number in counts.items() if place in dead),
        "counts": counts,
    }


def read_number(body: bytes) -> int:
    """Return the number of the order that a message is about, -1 when nobody can tell."""
    try:
        return int(json.loads(body)["number"])
    except ValueError:
        return -1


async def read_dead(_: Database, core: CoreSettings) -> list[dict[str, Any]]:
    """Return the dead letters of all groups."""
    broker = choose_broker(core.broker.url, Settings())
    letters = []
    try:
        await broker.connect()
        for group in consumer.list_groups(core.service.name):
            async for message in broker.browse(group.dead):
                headers = message.headers
                letters.append(
                    {
                        "group": group.name.rpartition(".")[2],
                        "number": read_number(message.body),
                        "reason": headers.get("dead-letter-reason", ""),
                        "attempts": int(headers.get("dead-letter-attempts", "0")),
                    }
                )
    finally:
        await broker.close()
    return letters


async def send_undecodable(_: Database, core: CoreSettings) -> int:
    """Send messages that nobody can decode to the first handler; return how many."""
    return await strangers.send_undecodable(core.broker.url, OrderPlaced.topic)


async def block_confirmed(_: Database, core: CoreSettings) -> None:
    """Keep the broker from taking what the second handler waits for."""
    await strangers.block(core.broker.url, OrderConfirmed.topic, is_blocked=True)


async def free_confirmed(_: Database, core: CoreSettings) -> None:
    """Let the broker take it again."""
    await strangers.block(core.broker.url, OrderConfirmed.topic, is_blocked=False)


ANSWERS: dict[str, Callable[[Database, CoreSettings], Awaitable[Any]]] = {
    each.__name__: each
    for each in (
        count_rows,
        read_rows,
        count_messages,
        read_dead,
        send_undecodable,
        block_confirmed,
        free_confirmed,
    )
}


async def answer(name: str, database: Database, core: CoreSettings) -> dict[str, Any]:
    """Return the answer to a question, or why there is none."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return {"answer": await ANSWERS[name](database, core)}
    except Exception as error:  # noqa: BLE001 - a server that is down must not end the observer
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


async def observe() -> None:
    """Answer questions until there are no more."""
    core = load_core_settings()
    async with open_database(core.database, connections=2) as database:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await answer(line.strip(), database, core), default=str), flush=True)


if __name__ == "__main__":
    asyncio.run(observe())
