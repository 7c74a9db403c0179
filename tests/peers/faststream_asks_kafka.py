"""A FastStream client on Kafka creates and starts a task: URL, prefix of topics, limit.

FastStream has no requests there: the client says where replies go, and knows its own by their id.
"""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker, KafkaMessage, TopicPartition


async def main(url: str, prefix: str, limit: str) -> None:
    """Print the task as it is after it was started."""
    servers = url.partition("://")[2]
    replies = f"{prefix}faststream.replies"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(replies, 1, 1)])
    await admin.close()
    waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
    broker = KafkaBroker(servers, logger=None)
    place = TopicPartition(replies, 0)

    @broker.subscriber(partitions=[place], auto_offset_reset="earliest")
    async def hear(body: dict[str, Any], message: KafkaMessage) -> None:
        waiting[message.headers["reply-request"]].set_result(body)

    async with broker:
        await broker.start()

        async def ask(topic: str, **body: Any) -> dict[str, Any]:
            identity = str(uuid4())
            waiting[identity] = asyncio.get_running_loop().create_future()
            headers = {"ce_id": identity, "reply-to": f"{replies}/0"}
            await broker.publish(body, f"{prefix}{topic}", headers=headers)
            return await asyncio.wait_for(waiting[identity], 20)

        task = await ask("task.create", kind="primes", parameters={"limit": int(limit)})
        print(json.dumps(await ask("task.start", number=task["number"])))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
