"""Requests and replies on Kafka: each process reads the replies of one partition."""

import asyncio
import random
from typing import Any

from app.services.kafka.admin import Admin
from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.listener import Listener
from app.services.kafka.publisher import Publisher
from app.utils.background import stray_cancellation_fails
from app.utils.broker_errors import PublishError
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Incoming, Respond

logger = Logger(__name__)

REPLY_TO_HEADER = "reply-to"
REQUEST_HEADER = "reply-request"
CONCURRENCY = 20


class Asker:
    """Ask, and wait for replies in one partition of the service's topic of replies."""

    def __init__(self, options: dict[str, Any], admin: Admin, publisher: Publisher) -> None:
        """Prepare; the first request opens what is needed."""
        self._options = options
        self._admin = admin
        self._publisher = publisher
        self._waiting: dict[str, asyncio.Future[Envelope]] = {}
        self._opening = asyncio.Lock()
        self._place = ""
        self.listener: Listener | None = None

    async def ask(self, message: Envelope, replies: str, seconds: float) -> Envelope:
        """Return the reply; raises TimeoutError, and what publishing raises."""
        reply: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[message.id] = reply
        try:
            async with asyncio.timeout(seconds):
                await self._open(replies)
                request = message.with_headers(reply_to=self._place)
                await self._publisher.write(message.topic, request)
                return await reply
        finally:
            del self._waiting[message.id]

    async def _open(self, replies: str) -> None:
        async with self._opening:
            if self.listener is None:
                partitions = await self._admin.find_partitions([replies])
                if not partitions:
                    raise PublishError(f"{replies}: there is no such topic")
                partition = random.choice(partitions).partition  # noqa: S311 - no secret
                self._place = f"{replies}/{partition}"
                self.listener = Listener(
                    self._options, replies, self._receive, self._admin, partition=partition
                )
            await self.listener.start()

    async def _receive(self, incoming: Incoming) -> None:
        """Wake whoever waits; others read the same partition, and their replies are not ours."""
        reply = self._waiting.get(incoming.message.headers.get(REQUEST_HEADER, ""))
        if reply is not None and not reply.done():
            reply.set_result(incoming.message)


class Answers:
    """Answer requests, several at a time, whichever partition they come from."""

    def __init__(self, respond: Respond, publisher: Publisher) -> None:
        """Answer with what `respond` returns."""
        self._respond = respond
        self._publisher = publisher
        self._free = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, incoming: Incoming) -> None:
        """Begin to answer; who asked hears nothing if this process dies, and may ask again."""
        await self._free.acquire()
        task = asyncio.create_task(self._answer(incoming.message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Finish what was begun, as long as anybody may wait for it; cancelled, give it up."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def give_up(self) -> None:
        """End what is not finished: whoever asked hears nothing."""
        for task in self._tasks:
            task.cancel()

    async def _answer(self, request: Envelope) -> None:
        topic, _, partition = request.headers.get(REPLY_TO_HEADER, "").rpartition("/")
        try:
            with stray_cancellation_fails():
                reply = await self._respond(request)
                if reply is not None and topic and partition.isdecimal():
                    answer = reply.with_headers(reply_request=request.id)
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        await self._publisher.write(topic, answer, partition=int(partition))
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            logger.error("request not answered", topic=request.topic, error=repr(error))
        finally:
            self._free.release()
