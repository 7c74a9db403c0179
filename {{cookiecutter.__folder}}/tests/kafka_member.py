"""A process that is a member of a group on Kafka: python -m tests.kafka_member GROUP TOPIC FILE.

It appends a line to the file when a message is begun, and one when it is done. A body that begins
with `slow` takes until the process is killed, unless there is a file beside it named `go-on`.
"""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from unittest import mock

from app.services.kafka import consumer as kafka_consumer
from app.services.kafka.reading import make_consumer
from app.services.kafka_service import KafkaBroker
from app.utils.message_broker import Incoming
from app.utils.topology import Group, Topic, Topology

HANDLING_SECONDS = 0.002
# The others wait as long for one that was killed; servers allow no less.
SESSION_MILLISECONDS = 6000


async def serve(name: str, topic: str, file: Path) -> None:
    """Handle messages until the process is killed."""
    declared = Topic(name=topic, topology=Topology(partitions=2, replicas=1))
    group = Group(name=name, topic=declared, ladder=(0.3, 1.0))
    log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def deliver(incoming: Incoming) -> None:
        body = incoming.message.body
        os.write(log, b"begun %d %s\n" % (os.getpid(), body))
        if body.startswith(b"slow") and not file.with_name("go-on").exists():
            await asyncio.Event().wait()
        await asyncio.sleep(HANDLING_SECONDS)
        os.write(log, b"done %d %s\n" % (os.getpid(), body))

    hasty = partial(make_consumer, session_timeout_ms=SESSION_MILLISECONDS)
    mock.patch.object(kafka_consumer, "make_consumer", hasty).start()
    broker = KafkaBroker(os.environ["TEST_KAFKA_URL"])
    await broker.connect()
    await broker.subscribe(group, deliver)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
