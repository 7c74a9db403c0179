"""Publishing to Kafka: one idempotent producer, and errors that say what to do."""

import asyncio
import re
from collections import deque
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from app.services.kafka.client import TIMEOUT_SECONDS, ask, find_refusal
from app.services.kafka.errors import FAILURES, describe, explain
from app.services.kafka.records import make_headers
from app.utils.broker_errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MessageRefusedError,
    PublishError,
    UnroutableError,
)
from app.utils.envelope import Envelope
from app.utils.logger import Logger

logger = Logger(__name__)

CONNECT_SECONDS = 6.0
SWEEP_SECONDS = 0.5
TOPIC_NAME = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")
LATE = (TimeoutError, KafkaTimeoutError)
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class Publisher:
    """Write messages, each confirmed by every replica in sync; many at once share a request."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Prepare; `open` connects."""
        self._options = options
        self._producer: Any = None
        self._renewing = asyncio.Lock()
        self._watchdog = Watchdog()

    async def open(self) -> None:
        """Connect; raises BrokerUnavailableError or BrokerRefusedError."""
        if self._producer is None:
            self._producer = await self._start()

    async def close(self) -> None:
        """Send what is buffered, if anybody takes it, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)

    async def write(self, topic: str, message: Envelope, partition: int | None = None) -> None:
        """Write a message to a topic that exists; raises PublishError within some seconds."""
        producer, confirmed = self._producer, None
        if producer is None:
            raise PublishError("not connected to Kafka")
        try:
            if producer.client.cluster.partitions_for_topic(topic) is None:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self.find(topic)
                    await producer.partitions_for(topic)
            confirmed = await producer.send(
                topic,
                message.body,
                key=message.key.encode() if message.key else None,
                partition=partition,
                headers=make_headers(message),
            )
            self._watchdog.watch(confirmed)
            await confirmed
        except TOO_LARGE as error:
            if confirmed is not None:
                await self._renew(producer)
            size = len(message.body)
            raise MessageRefusedError(f"{topic}: a message of {size} bytes is too large") from error
        except FAILURES as error:
            if isinstance(error, LATE):
                raise PublishError(f"{topic}: no answer in {TIMEOUT_SECONDS:.0f} s") from error
            if isinstance(error, KafkaError) and not error.retriable:
                await self._renew(producer)
            raise PublishError(f"{topic}: {describe(error)}") from error
        except BrokerUnavailableError as error:
            raise PublishError(f"{topic}: {error}") from error

    async def find(self, topic: str) -> None:
        """Raise UnroutableError for a topic that does not exist.

        The producer itself would wait for the topic, or let the server create it.
        """
        if not TOPIC_NAME.fullmatch(topic):
            raise MessageRefusedError(f"{topic[:300]!r} is no name for a topic")
        answer = await self.ask(MetadataRequest([topic], allow_auto_topic_creation=False))
        error = for_code(answer.topics[0][0])
        if error is UnknownTopicOrPartitionError:
            raise UnroutableError(f"{topic}: there is no such topic")
        if error is InvalidTopicError:
            raise MessageRefusedError(f"{topic!r} is no name for a topic")

    async def ask(self, request: Any) -> Any:
        """Return what any broker answers; raises BrokerUnavailableError."""
        if self._producer is None:
            raise BrokerUnavailableError("not connected to Kafka")
        return await ask(self._producer.client, request)

    async def _start(self) -> Any:
        producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=round(TIMEOUT_SECONDS * 1000),
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await producer.start()
        except FAILURES as error:
            await producer.stop()
            if refusal := await find_refusal(self._options):
                raise BrokerRefusedError(describe(refusal)) from error
            raise explain(error) from error
        except asyncio.CancelledError:
            await producer.stop()
            raise
        return producer

    async def _renew(self, producer: Any) -> None:
        """Replace a producer: the server waits for a batch that it refused, and takes no other."""
        async with self._renewing:
            if self._producer is not producer:
                return
            try:
                self._producer = await self._start()
            except (BrokerUnavailableError, BrokerRefusedError) as error:
                logger.warning("producer not renewed", error=str(error))
                return
        await stop_producer(producer)


class Watchdog:
    """Fail what nobody has confirmed in time, which an idempotent producer would never do.

    One timer watches over all; a timer for each would cost more than the rest of publishing.
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def watch(self, future: asyncio.Future[Any]) -> None:
        """Fail the future unless it is done in time."""
        loop = asyncio.get_running_loop()
        if not self._watched:
            loop.call_later(SWEEP_SECONDS, self._sweep)
        self._watched.append((loop.time() + TIMEOUT_SECONDS, future))

    def _sweep(self) -> None:
        loop, watched = asyncio.get_running_loop(), self._watched
        while watched and (watched[0][1].done() or watched[0][0] <= loop.time()):
            _, future = watched.popleft()
            if not future.done():
                future.set_exception(KafkaTimeoutError())
        if watched:
            loop.call_later(SWEEP_SECONDS, self._sweep)


async def stop_producer(producer: Any) -> None:
    """Stop a producer, which by itself would wait for ever when nobody takes what it holds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS / 2):
            await producer.flush()
    sender = producer._sender.sender_task  # there is no public way to give up
    stopping = asyncio.ensure_future(producer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0.1)
    if not done:
        sender.cancel()
        await asyncio.wait({stopping}, timeout=TIMEOUT_SECONDS)
