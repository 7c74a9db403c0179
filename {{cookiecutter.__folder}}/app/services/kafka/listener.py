"""Messages on Kafka that come from now on: all of a topic, or of a partition, without a group."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition

from app.services.kafka.admin import Admin, Cluster
from app.services.kafka.changes import is_replaced, wait_for_change
from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.lane import BATCH, SLICE_SECONDS
from app.services.kafka.reading import make_consumer, read
from app.services.kafka.records import locate, read_envelope
from app.services.kafka.starting import start_client
from app.services.kafka.stopping import stop_consumer
from app.services.kafka.unpacking import holding
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming

logger = Logger(__name__)

POLL_MILLISECONDS = 1000
PAUSE_SECONDS = 1.0


class Listener:
    """Hand over every message that comes from now on, until `finish`."""

    def __init__(
        self,
        options: dict[str, Any],
        topic: str,
        deliver: Deliver,
        admin: Admin,
        *,
        partition: int | None = None,
    ) -> None:
        """Start at once; without a partition, all of them are read."""
        self._options = options
        self._partition = partition
        self._topic = topic
        self._deliver = deliver
        self._admin = admin
        self._is_finishing = False
        self._is_busy = False
        self._is_reading = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        self._known: Cluster | None = None
        self._positions: dict[TopicPartition, int] | None = None
        self._seen = asyncio.get_running_loop().time()
        self.task = asyncio.create_task(self._run())

    async def start(self) -> None:
        """Return when nothing is missed any more, or it is clear that this takes longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._is_reading.wait()

    def check(self) -> None:
        """Raise BrokerUnavailableError unless messages are being taken."""
        silence = asyncio.get_running_loop().time() - self._seen
        if self.task.done() or (silence > TIMEOUT_SECONDS and not self._is_busy):
            raise BrokerUnavailableError(f"{self._topic}: nobody listens to its messages")

    async def finish(self) -> None:
        """Finish what is in hand; cancelled, drop it."""
        self._is_finishing = True
        try:
            if self._is_busy:
                await asyncio.wait([self.task])
        finally:
            if not self.task.cancelling():
                self.task.cancel()
        await asyncio.wait([self.task])

    async def _run(self) -> None:
        while not self._is_finishing:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - nothing else would start it again
                logger.warning("listener starts again", topic=self._topic, error=repr(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Read until there are more partitions, or other ones."""
        # A consumer of a topic that does not exist might create it.
        known = await self._admin.describe([self._topic])
        if not known.partitions:
            raise BrokerUnavailableError(f"{self._topic}: there is no such topic")
        if self._known and is_replaced(known, self._known):
            self._positions = {}
        self._known = known
        partitions = [
            each for each in known.partitions if self._partition in (None, each.partition)
        ]
        consumer = make_consumer(self._options)
        try:
            consumer.assign(partitions)
            await start_client(consumer)
            await self._find_positions(consumer, partitions)
            self._is_reading.set()
            changing = asyncio.create_task(wait_for_change(self._admin, [self._topic], known))
            try:
                async with asyncio.TaskGroup() as readers:
                    for each in partitions:
                        readers.create_task(self._read(consumer, each, changing))
            finally:
                changing.cancel()
        finally:
            await stop_consumer(consumer)

    async def _find_positions(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """Begin with what comes from now on, and later where this ended.

        A partition that is found later is new: all that it holds came since.
        """
        if self._positions is None:
            await consumer.seek_to_end()
            self._positions = {each: await consumer.position(each) for each in partitions}
        for partition in partitions:
            if partition in self._positions:
                consumer.seek(partition, self._positions[partition])
            else:
                await consumer.seek_to_beginning(partition)

    async def _read(
        self, consumer: Any, partition: TopicPartition, changing: asyncio.Task[Cluster]
    ) -> None:
        topic_id = self._known.ids.get(self._topic, "") if self._known else ""
        with holding() as share:
            while not self._is_finishing and not changing.done():
                records, end = await read(
                    consumer, partition, share, timeout_ms=POLL_MILLISECONDS, max_records=BATCH
                )
                self._seen = asyncio.get_running_loop().time()
                async with self._one_by_one:
                    await self._hand_over(partition, records, topic_id)
                records.clear()
                if not self._is_finishing:
                    self._set_position(partition, end)

    def _set_position(self, partition: TopicPartition, offset: int) -> None:
        if self._positions is not None:
            self._positions[partition] = offset

    async def _hand_over(
        self, partition: TopicPartition, records: list[Any], topic_id: str
    ) -> None:
        slice_end = time.monotonic() + SLICE_SECONDS
        for record in records:
            if self._is_finishing:
                return
            origin = locate(record)
            self._set_position(partition, record.offset + 1)
            incoming = Incoming(message=read_envelope(record, topic_id), origin=origin)
            self._is_busy = True
            try:
                await self._deliver(incoming)
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                logger.error("message lost", origin=origin, error=repr(error))
            finally:
                self._is_busy = False
            if time.monotonic() > slice_end:
                await asyncio.sleep(0)
                slice_end = time.monotonic() + SLICE_SECONDS
        await asyncio.sleep(0)
