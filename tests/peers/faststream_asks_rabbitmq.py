"""A FastStream client on RabbitMQ creates and starts a task: URL, prefix of topics, limit."""

import asyncio
import json
import sys
from typing import Any

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange


async def main(url: str, prefix: str, limit: str) -> None:
    """Print the task as it is after it was started."""
    exchange = RabbitExchange("events", type=ExchangeType.TOPIC, durable=True)
    async with RabbitBroker(url, logger=None) as broker:

        async def ask(topic: str, **body: Any) -> dict[str, Any]:
            reply = await broker.request(
                body, exchange=exchange, routing_key=f"{prefix}{topic}", timeout=20
            )
            return dict(json.loads(reply.body))

        task = await ask("task.create", kind="primes", parameters={"limit": int(limit)})
        print(json.dumps(await ask("task.start", number=task["number"])))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
