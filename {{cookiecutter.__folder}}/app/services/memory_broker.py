"""The broker of a service that has none: this process's memory."""

import asyncio
from collections import defaultdict

from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, MessageBroker

logger = Logger(__name__)


class MemoryBroker(MessageBroker):
    """Carry messages inside this process; what is not handled when it ends is lost."""

    def __init__(self) -> None:
        """Start with nobody subscribed."""
        self.dead: list[Envelope] = []
        self._queues: dict[str, dict[str, asyncio.Queue[Envelope]]] = defaultdict(dict)
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Memory is always there."""

    async def publish(self, message: Envelope) -> None:
        """Queue the message for every group of its topic."""
        for queue in self._queues[message.topic].values():
            queue.put_nowait(message)

    async def subscribe(self, group: str, topic: str, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, in order."""
        queue = self._queues[topic].setdefault(group, asyncio.Queue())
        self._tasks.append(asyncio.create_task(self._consume(group, queue, deliver)))

    async def pause(self) -> None:
        """Finish what is queued, then stop."""
        for queue in [queue for groups in self._queues.values() for queue in groups.values()]:
            await queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Forget everything."""
        self._queues.clear()

    async def _consume(self, group: str, queue: asyncio.Queue[Envelope], deliver: Deliver) -> None:
        while True:
            message = await queue.get()
            try:
                await deliver(message)
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, the rest goes on
                self.dead.append(message)
                logger.error("message put aside", group=group, id=message.id, error=repr(error))
            finally:
                queue.task_done()
