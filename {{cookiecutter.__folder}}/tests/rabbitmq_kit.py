"""What the tests of RabbitMQ share: a broker that tidies up, and a plain client."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

import aio_pika
import pytest
import yarl
from aio_pika.abc import AbstractChannel
from pamqp import frame
from pamqp.commands import Connection, Queue

from app.services.rabbitmq.queues import list_queues
from app.services.rabbitmq_service import RabbitMQBroker
from app.utils.topology import Group, Topic

URL = os.environ.get("TEST_RABBITMQ_URL", "")


class TidyBroker(RabbitMQBroker):
    """Deletes the queues that it created: a server would keep those of every test for ever."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._applied: list[Group] = []

    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        await super().apply(topics, groups)
        self._applied.extend(groups)

    async def close(self) -> None:
        if self._applied:
            async with await aio_pika.connect(URL) as connection:
                channel = await connection.channel()
                for queue in {queue for group in self._applied for queue in list_queues(group)}:
                    await channel.queue_delete(queue)
            self._applied.clear()
        await super().close()


# Services are tested without a server; the template's CI, where nothing may be skipped, has all.
@pytest.mark.skipif(not URL, reason="TEST_RABBITMQ_URL is not set")
class RabbitMQFixtures:
    """A broker on the server, and a channel of a plain client."""

    def make(self) -> TidyBroker:
        return TidyBroker(URL)

    @pytest.fixture
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel of a client that knows nothing of us."""
        async with await aio_pika.connect(URL) as connection:
            yield await connection.channel(on_return_raises=True)


@asynccontextmanager
async def refusing(refuses: Callable[[Queue.Declare], bool]) -> AsyncIterator[str]:
    """Yield the URL of a server that refuses some queues as RabbitMQ 4.3 does.

    It stands before the real one, and ends the connection of who declares such a queue.
    """
    url = yarl.URL(URL)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, target = await asyncio.open_connection(url.host, url.port)

        async def answer() -> None:
            while data := await source.read(65536):
                writer.write(data)

        async def ask() -> None:
            target.write(await reader.readexactly(8))
            while True:
                head = await reader.readexactly(7)
                data = head + await reader.readexactly(int.from_bytes(head[3:]) + 1)
                # Frames that carry a declaration, whose class is 50 and whose method is 10.
                if head[0] == 1 and data[7:11] == b"\0\x32\0\x0a":
                    _, _, declared = frame.unmarshal(data)
                    if isinstance(declared, Queue.Declare) and refuses(declared):
                        text = "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated."
                        writer.write(frame.marshal(Connection.Close(541, text, 50, 10), 0))
                        return
                target.write(data)

        answering = asyncio.create_task(answer())
        with suppress(OSError, EOFError):
            await ask()
            await reader.read()
        answering.cancel()
        for each in (writer, target):
            each.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield str(url.with_host("127.0.0.1").with_port(server.sockets[0].getsockname()[1]))
