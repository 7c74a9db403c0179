"""Messages on Kafka that come from now on: all of a topic, or of a partition, without a group."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.services.kafka.admin import Admin
from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.consumer import FETCH_WAIT_MILLISECONDS
from app.services.kafka.lane import BATCH, SLICE_SECONDS
from app.services.kafka.records import locate, read_envelope
from app.services.kafka.starting import start_client
from app.services.kafka.stopping import stop_consumer
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
                await self._read()
            except Exception as error:  # noqa: BLE001 - nothing else would start it again
                logger.warning("listener starts again", topic=self._topic, error=repr(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
        )
        try:
            # A consumer of a topic that does not exist might create it.
            if not await self._admin.find_partitions([self._topic]):
                raise BrokerUnavailableError(f"{self._topic}: there is no such topic")
            if self._partition is None:
                consumer.subscribe([self._topic])
            else:
                consumer.assign([TopicPartition(self._topic, self._partition)])
            await start_client(consumer)
            await consumer.seek_to_end()
            self._is_reading.set()
            while not self._is_finishing:
                found = await consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=BATCH)
                self._seen = asyncio.get_running_loop().time()
                for records in found.values():
                    await self._hand_over(records)
        finally:
            await stop_consumer(consumer)

    async def _hand_over(self, records: list[Any]) -> None:
        slice_end = time.monotonic() + SLICE_SECONDS
        for record in records:
            origin = locate(record)
            incoming = Incoming(message=read_envelope(record, origin), origin=origin)
            self._is_busy = True
            try:
                await self._deliver(incoming)
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                logger.error("message lost", origin=origin, error=repr(error))
            finally:
                self._is_busy = False
            if self._is_finishing:
                return
            if time.monotonic() > slice_end:
                await asyncio.sleep(0)
                slice_end = time.monotonic() + SLICE_SECONDS
        await asyncio.sleep(0)
