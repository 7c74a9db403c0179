"""Publishing to Kafka: one idempotent producer, and errors that say what to do."""

import asyncio
import re
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
    TopicAuthorizationFailedError,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from app.services.kafka.client import MAX_BYTES, TIMEOUT_SECONDS, ask, find_refusal
from app.services.kafka.errors import (
    FAILURES,
    OF_CONTENT,
    REFUSALS,
    InvalidRecordError,
    describe,
    explain,
)
from app.services.kafka.records import make_headers
from app.services.kafka.single import SinglePublisher
from app.services.kafka.stopping import stop_producer
from app.utils.broker_errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MessageRefusedError,
    PublishError,
    TopicUnavailableError,
    UnroutableError,
)
from app.utils.envelope import Envelope
from app.utils.logger import Logger

logger = Logger(__name__)

CONNECT_SECONDS = 6.0
SWEEP_SECONDS = 0.5
ASK_SECONDS = 3.0
# A topic that confirmed nothing the last time is given this long: who tries it has other work.
IMPATIENT_SECONDS = 2.0
TOPIC_NAME = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")
# The last two are those of a batch that waits for a leader.
LATE = (TimeoutError, KafkaTimeoutError, LeaderNotAvailableError, NotLeaderForPartitionError)
# The server and this producer do not agree about what came before; a new one begins anew.
STALE = (
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)


class Publisher:
    """Write messages, each confirmed by every replica in sync; many at once share a request."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Prepare; `open` connects."""
        self._options = options
        self._producer: Any = None
        self._renewing = asyncio.Lock()
        self._watchdog = Watchdog()
        self._late_topics: set[str] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._single = SinglePublisher(self._start)

    async def open(self) -> None:
        """Connect; raises BrokerUnavailableError or BrokerRefusedError."""
        if self._producer is None:
            self._producer = await self._start()

    async def close(self) -> None:
        """Send what is buffered, if anybody takes it, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)
        await self._single.close()
        await asyncio.gather(*self._stopping)

    async def write(self, topic: str, message: Envelope, partition: int | None = None) -> None:
        """Write a message to a topic that exists; raises PublishError within some seconds."""
        producer = self._producer
        seconds = IMPATIENT_SECONDS if topic in self._late_topics else TIMEOUT_SECONDS
        if producer is None:
            raise PublishError("not connected to Kafka")
        try:
            if producer.client.cluster.partitions_for_topic(topic) is None:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self.find(topic)
                    await producer.partitions_for(topic)
            send = partial(hand_over, topic=topic, message=message, partition=partition)
            confirmed = await send(producer)
            self._watchdog.watch(confirmed, seconds)
            try:
                await confirmed
            except OF_CONTENT:
                # Of this message, or of another in the same batch.
                await self._renew(producer)
                await self._single.write(send, seconds)
            self._late_topics.discard(topic)
        except UnicodeEncodeError as error:
            raise MessageRefusedError(f"{topic}: {describe(error)}") from error
        except InvalidRecordError as error:
            reason = "the topic takes no such message; if it is compacted, each needs a key"
            raise MessageRefusedError(f"{topic}: {reason}") from error
        except OF_CONTENT as error:
            size = len(message.body)
            raise MessageRefusedError(f"{topic}: a message of {size} bytes is too large") from error
        except FAILURES as error:
            if isinstance(error, LATE):
                raise await self._explain_silence(topic, seconds, producer) from error
            if isinstance(error, KafkaError) and not error.retriable:
                await self._renew(producer)
            kind = TopicUnavailableError if is_about_topic(error) else PublishError
            raise kind(f"{topic}: {describe(error)}") from error
        except BrokerUnavailableError as error:
            raise PublishError(f"{topic}: {error}") from error

    async def _explain_silence(self, topic: str, seconds: float, producer: Any) -> PublishError:
        """Return why nothing is confirmed: Kafka does not answer, or only this topic waits.

        The client tries again for ever, and tells of no reason.
        """
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self.find(topic)
        except (BrokerUnavailableError, TimeoutError):
            return PublishError(f"{topic}: no answer in {seconds:.0f} s")
        except PublishError as error:
            reason = error
        else:
            reason = TopicUnavailableError(
                f"{topic}: not confirmed in {seconds:.0f} s, although Kafka answers: "
                "are enough of its replicas in sync?"
            )
        self._late_topics.add(topic)
        # What waits would be sent again and again, and hold up the others.
        await self._renew(producer)
        return reason

    async def find(self, topic: str) -> None:
        """Raise UnroutableError for a topic that does not exist, or what else is wrong with it.

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
        if error is TopicAuthorizationFailedError:
            raise TopicUnavailableError(f"{topic}: the user may not know of this topic")
        if leaderless := [each[1] for each in answer.topics[0][-1] if each[2] == -1]:
            numbers = ", ".join(map(str, sorted(leaderless)))
            raise TopicUnavailableError(f"{topic}: nobody leads partition {numbers}")

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
            max_request_size=MAX_BYTES,
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
                renewed = await self._start()
            except (BrokerUnavailableError, BrokerRefusedError) as error:
                logger.warning("producer not renewed", error=str(error))
                return
            if self._producer is not producer:
                # It was closed meanwhile.
                await stop_producer(renewed)
                return
            self._producer = renewed
        # It may have confirmed messages of others to send, which takes a while.
        stopping = asyncio.create_task(stop_producer(producer))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)


async def hand_over(
    producer: Any, *, topic: str, message: Envelope, partition: int | None
) -> asyncio.Future[Any]:
    """Give a message to a producer; return what is done when it is confirmed."""
    confirmed: asyncio.Future[Any] = await producer.send(
        topic,
        message.body,
        key=message.key.encode() if message.key else None,
        partition=partition,
        headers=make_headers(message),
    )
    return confirmed


def is_about_topic(error: Exception) -> bool:
    """Tell whether a server has refused a batch for what it is, and not for who sent it."""
    return isinstance(error, BrokerResponseError) and not isinstance(error, (*REFUSALS, *STALE))


class Watchdog:
    """Fail what nobody has confirmed in time, which an idempotent producer would never do.

    One timer watches over all; a timer for each would cost more than the rest of publishing.
    """

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: list[tuple[float, asyncio.Future[Any]]] = []

    def watch(self, future: asyncio.Future[Any], seconds: float) -> None:
        """Fail the future unless it is done in time."""
        loop = asyncio.get_running_loop()
        if not self._watched:
            loop.call_later(SWEEP_SECONDS, self._sweep)
        self._watched.append((loop.time() + seconds, future))

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for deadline, future in self._watched:
            if deadline <= loop.time() and not future.done():
                future.set_exception(KafkaTimeoutError())
        self._watched = [each for each in self._watched if not each[1].done()]
        if self._watched:
            loop.call_later(SWEEP_SECONDS, self._sweep)
