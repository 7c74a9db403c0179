"""The broker of a service that has none: this process's memory."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from app.utils.broker_errors import MessageRefusedError, PublishError, UnroutableError
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Capabilities, Deliver, Incoming, MessageBroker, Respond
from app.utils.topology import Group, Topic

logger = Logger(__name__)

# Servers take less than this, unless they are told otherwise.
MAX_BYTES = 16 * 1024 * 1024


class MemoryBroker(MessageBroker):
    """Carry messages inside this process; what is not handled when it ends is lost."""

    capabilities = Capabilities(is_durable=False, keeps_order=True, replays=False)
    system = "memory"

    def __init__(self) -> None:
        """Start with nobody subscribed."""
        self.places: dict[str, list[Envelope]] = defaultdict(list)
        self._queues: dict[str, dict[str, asyncio.Queue[Envelope]]] = defaultdict(dict)
        self._rungs: dict[str, tuple[float, asyncio.Queue[Envelope]]] = {}
        self._answers: dict[str, Respond] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_paused = False

    async def connect(self) -> None:
        """Memory is always there."""

    async def publish(self, message: Envelope) -> None:
        """Queue the message for every group of its topic; nobody has to listen.

        Raises PublishError when nobody can any more.
        """
        check_size(message)
        if self._is_paused:
            raise PublishError("this process is about to end")
        for queue in self._queues[message.topic].values():
            queue.put_nowait(message)

    async def send(self, place: str, message: Envelope) -> None:
        """Keep the message, on a rung only as long as it has to wait there."""
        check_size(message)
        if place not in self._rungs:
            self.places[place].append(message)
            return
        seconds, queue = self._rungs[place]
        self.places[place].append(message)

        def come_back() -> None:
            self._timers.discard(timer)
            self.places[place].remove(message)
            queue.put_nowait(message)

        timer = asyncio.get_running_loop().call_later(seconds, come_back)
        self._timers.add(timer)

    async def subscribe(self, group: Group, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, in order."""
        queue = self._queues[group.topic.name].setdefault(group.name, asyncio.Queue())
        self._rungs |= {rung: (seconds, queue) for rung, seconds in group.rungs.items()}
        self._tasks.append(asyncio.create_task(self._consume(queue, deliver)))

    async def listen(self, topic: Topic, deliver: Deliver) -> None:
        """Hand every message that comes from now on to this process."""
        queue: asyncio.Queue[Envelope] = asyncio.Queue()
        self._queues[topic.name][f"listener-{id(queue)}"] = queue
        self._tasks.append(asyncio.create_task(self._consume(queue, deliver)))

    async def ask(self, message: Envelope, replies: str, seconds: float) -> Envelope:
        """Ask who answers in this process."""
        del replies
        if (respond := self._answers.get(message.topic)) is None:
            raise UnroutableError(f"{message.topic}: nobody answers it")
        async with asyncio.timeout(seconds):
            if (reply := await respond(message)) is None:
                raise TimeoutError
        return reply

    async def answer(self, group: Group, respond: Respond) -> None:
        """Answer the requests of the group's topic."""
        self._answers[group.topic.name] = respond

    async def pause(self) -> None:
        """Finish what is queued, then stop; what waits for another attempt is lost."""
        for queue in [queue for groups in self._queues.values() for queue in groups.values()]:
            await queue.join()
        self._is_paused = True
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Forget everything."""
        self._queues.clear()
        self._rungs.clear()

    async def check(self, topics: Collection[Topic], groups: Collection[Group]) -> list[str]:
        """Memory needs nothing."""
        del topics, groups
        return []

    async def apply(self, topics: Collection[Topic], groups: Collection[Group]) -> None:
        """Memory needs nothing."""

    async def count(self, group: Group) -> dict[str, int]:
        """Return how many messages wait for the group: by topic, rung and dead letters."""
        queue = self._queues[group.topic.name].get(group.name)
        held = {place: len(self.places[place]) for place in (*group.rungs, group.dead)}
        return {group.topic.name: queue.qsize() if queue else 0, **held}

    async def browse(self, place: str) -> AsyncIterator[Envelope]:
        """Yield what a place holds now, oldest first."""
        for message in list(self.places[place]):
            yield message

    async def sift(self, place: str, keep: Callable[[Envelope], Awaitable[bool]]) -> None:
        """Ask about each message that a place holds now, and remove those that are not kept."""
        for message in list(self.places[place]):
            if not await keep(message):
                self.places[place].remove(message)

    async def _consume(self, queue: asyncio.Queue[Envelope], deliver: Deliver) -> None:
        while True:
            message = await queue.get()
            incoming = Incoming(message=message, origin="memory")
            try:
                await deliver(incoming)
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                logger.error("message lost", id=message.id, error=repr(error))
            finally:
                queue.task_done()


def check_size(message: Envelope) -> None:
    """Raise MessageRefusedError for a message that no broker would take."""
    if len(message.body) > MAX_BYTES:
        raise MessageRefusedError(f"{message.topic}: {len(message.body)} bytes are too many")
