"""The broker on Kafka."""

import asyncio
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError, KafkaError, TopicAlreadyExistsError

from app.utils.envelope import CONTENT_TYPE, Envelope
from app.utils.logger import Logger
from app.utils.message_broker import BrokerUnavailableError, Deliver, MessageBroker, PublishError

logger = Logger(__name__)

PREFIX = "ce_"  # of headers, as the Kafka binding of CloudEvents 1.0 says
# Of topics that do not exist yet; in production create yours with what they need.
PARTITIONS = 3
REPLICAS = 3
BATCH = 100
POLL_MILLISECONDS = 1000
TIMEOUT_SECONDS = 10.0
RESTART_SECONDS = 1.0


class KafkaBroker(MessageBroker):
    """Publish with an idempotent producer; consume in groups, committing after each batch."""

    def __init__(self, url: str) -> None:
        """Prepare; `connect` connects."""
        self._options = read_url(url)
        self._producer: AIOKafkaProducer | None = None
        self._topics: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._paused = asyncio.Event()

    async def connect(self) -> None:
        """Connect the producer."""
        producer = AIOKafkaProducer(
            **self._options,
            enable_idempotence=True,
            request_timeout_ms=round(TIMEOUT_SECONDS * 1000),
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise BrokerUnavailableError(repr(error)) from error
        self._producer = producer

    async def publish(self, message: Envelope) -> None:
        """Publish, confirmed by every replica in sync; the key chooses the partition."""
        await self._send(message.topic, message, {})

    async def subscribe(self, group: str, topic: str, deliver: Deliver) -> None:
        """Hand every message of the topic to one member of the group, in each partition's order."""
        await self._create_topic(topic)
        self._tasks.append(asyncio.create_task(self._keep_consuming(group, topic, deliver)))

    async def pause(self) -> None:
        """Finish the batches in flight, commit them, and leave the groups."""
        self._paused.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def ping(self) -> None:
        """Raise BrokerUnavailableError when no broker answers."""
        if self._producer is None:
            raise BrokerUnavailableError("not connected")
        try:
            await self._producer.client.fetch_all_metadata()
        except (KafkaError, OSError) as error:
            raise BrokerUnavailableError(repr(error)) from error

    async def close(self) -> None:
        """Send what is buffered and close the connections."""
        if self._producer is not None:
            await self._producer.stop()

    async def _keep_consuming(self, group: str, topic: str, deliver: Deliver) -> None:
        while not self._paused.is_set():
            try:
                await self._consume(group, topic, deliver)
            except Exception as error:  # noqa: BLE001 - nothing was committed: start again there
                logger.error("consumer starts again", group=group, error=repr(error))
                await asyncio.sleep(RESTART_SECONDS)

    async def _consume(self, group: str, topic: str, deliver: Deliver) -> None:
        consumer = AIOKafkaConsumer(
            topic,
            **self._options,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            while not self._paused.is_set():
                batch = await consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=BATCH)
                for record in [record for records in batch.values() for record in records]:
                    await self._deliver(group, record, deliver)
                if batch:
                    # The partitions moved to another member: it gets the batch again.
                    with suppress(CommitFailedError):
                        await consumer.commit()
        finally:
            await consumer.stop()

    async def _deliver(
        self, group: str, record: "ConsumerRecord[bytes, bytes]", deliver: Deliver
    ) -> None:
        message = read_envelope(record)
        try:
            await deliver(message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the rest goes on
            logger.error("message put aside", group=group, id=message.id, error=repr(error))
            await self._send(f"{group}.dead", message, {"error": repr(error)})

    async def _send(self, topic: str, message: Envelope, extra: dict[str, str]) -> None:
        if self._producer is None:
            raise PublishError("not connected")
        headers = message.to_headers(PREFIX) | {"content-type": CONTENT_TYPE} | extra
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._create_topic(topic)
                await self._producer.send_and_wait(
                    topic,
                    message.body,
                    key=message.key.encode() if message.key else None,
                    timestamp_ms=round(message.time.timestamp() * 1000),
                    headers=[(name, value.encode()) for name, value in headers.items()],
                )
        except (KafkaError, OSError, TimeoutError) as error:
            raise PublishError(f"{topic}: {error!r}") from error

    async def _create_topic(self, topic: str) -> None:
        if topic in self._topics:
            return
        admin = AIOKafkaAdminClient(**self._options)
        try:
            await admin.start()
            brokers = len((await admin.describe_cluster())["brokers"])
            with suppress(TopicAlreadyExistsError):
                await admin.create_topics([NewTopic(topic, PARTITIONS, min(REPLICAS, brokers))])
        except (KafkaError, OSError) as error:
            raise BrokerUnavailableError(f"{topic}: {error!r}") from error
        finally:
            await admin.close()
        self._topics.add(topic)


def read_url(url: str) -> dict[str, Any]:
    """Return the client's options for `kafka[s]://[user:password@]host:port[,host:port]`."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    secure = parts.scheme == "kafkas"
    options: dict[str, Any] = {
        "bootstrap_servers": hosts.split(","),
        "security_protocol": f"{'SASL_' if user else ''}{'SSL' if secure else 'PLAINTEXT'}",
    }
    if secure:
        options["ssl_context"] = ssl.create_default_context()
    if user:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": unquote(user),
            "sasl_plain_password": unquote(password),
        }
    return options


def read_envelope(record: "ConsumerRecord[bytes, bytes]") -> Envelope:
    """Return the message that Kafka delivered, whoever sent it."""
    return Envelope.from_headers(
        {name: value.decode("utf-8", "replace") for name, value in record.headers},
        record.value or b"",
        prefix=PREFIX,
        topic=record.topic,
        fallback_id=f"{record.topic}/{record.partition}/{record.offset}",
    )
