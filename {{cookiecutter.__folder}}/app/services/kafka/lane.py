"""One partition of a group's topics: its messages, handed over one after the other."""

import asyncio
import time
from typing import Any, Protocol

from aiokafka import TopicPartition

from app.services.kafka.mark import CAREFUL, CLEAN, RUNNING, Mark
from app.services.kafka.records import locate, read_envelope
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming

logger = Logger(__name__)

BATCH = 100
"""The most messages of a partition that are done and not yet committed."""
POLL_MILLISECONDS = 1000
# As many lanes as there are partitions may each use it up before anybody else has a turn.
SLICE_SECONDS = 0.002
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 10.0

# The partition is about to be taken away, and this lane to be ended.
FENCED_SECONDS = 0.1


class Keeper(Protocol):
    """What a lane needs of the consumer that it belongs to."""

    alone: asyncio.Lock

    async def save(self, offsets: dict[TopicPartition, tuple[int, str]]) -> bool:
        """Commit; return whether that was done: the partitions may be ours no more."""

    async def save_all(self) -> None:
        """Commit what every lane has completed."""


class Lane:
    """Hand over the messages of one partition, in order, and know how far it got.

    It asks the client for its own partition alone: while a handler works, what has been fetched
    waits in the client, and other lanes go on.
    """

    def __init__(
        self,
        partition: TopicPartition,
        mark: Mark,
        *,
        consumer: Any,
        keeper: Keeper,
        deliver: Deliver,
        delay: float,
    ) -> None:
        """Start at the mark; `delay` is how many seconds each message has to be old."""
        self.partition = partition
        # The first offset that is not completed, and the last one committed; none before the
        # first message of a group that is new.
        self.done = mark.offset
        self.saved = mark.offset
        self._mark = mark
        # Whatever was done and not committed when the last owner died may be what it died of.
        self._suspects = 0 if mark.is_clean else BATCH
        self._consumer = consumer
        self._keeper = keeper
        self._deliver = deliver
        self._delay = delay
        self._is_stopping = False
        self._is_busy = False
        self.task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Take no other message; the task ends with the message in hand."""
        self._is_stopping = True
        if not self._is_busy:
            self.task.cancel()

    @property
    def is_careful(self) -> bool:
        """Tell whether each message is committed for itself."""
        return self._suspects > 0

    @property
    def last_mark(self) -> str:
        """What the next owner is to know of it, if this one ends in an orderly way."""
        if not self._suspects:
            return CLEAN
        if self._mark.deaths and self.done == self._mark.offset:
            return f"{CAREFUL}{self._mark.deaths - 1}"
        return RUNNING

    async def _run(self) -> None:
        slice_end = time.monotonic() + SLICE_SECONDS
        while not self._is_stopping:
            found = await self._consumer.getmany(
                self.partition, timeout_ms=POLL_MILLISECONDS, max_records=BATCH
            )
            records = found.get(self.partition, ())
            for record in records:
                if self._delay:
                    await self._wait(record)
                if self.done is None:
                    self.done = self.saved = record.offset
                if self._suspects:
                    await self._work_carefully(record, pauses=record is records[-1])
                else:
                    await self._work(record)
                if self._is_stopping:
                    return
                if time.monotonic() > slice_end:
                    # Neither the client nor a handler that has nothing to wait for lets others run.
                    await asyncio.sleep(0)
                    slice_end = time.monotonic() + SLICE_SECONDS

    async def _wait(self, record: Any) -> None:
        """Wait until a message was long enough on its rung."""
        rest = record.timestamp / 1000 + self._delay - time.time()
        if rest > 0:
            await asyncio.sleep(rest)

    async def _work(self, record: Any) -> None:
        await self._hand_over(record, 0)
        self.done = record.offset + 1
        if self.saved is None or self.done - self.saved >= BATCH:
            await self._keeper.save_all()

    async def _work_carefully(self, record: Any, *, pauses: bool) -> None:
        """Commit that this message is in hand, so that its death, if it kills us, is known."""
        deaths = self._mark.deaths if record.offset == self._mark.offset else 0
        if deaths:
            # Two that are suspected must not be in hand when one of them kills us.
            async with self._keeper.alone:
                await self._work_marked(record, deaths)
        else:
            await self._work_marked(record, 0)
        if pauses or self._delay or not self._suspects:
            # Nothing is in hand for a while, or not known to be: the next death is not its fault.
            await self._keeper.save({self.partition: (record.offset + 1, RUNNING)})

    async def _work_marked(self, record: Any, deaths: int) -> None:
        mark = {self.partition: (record.offset, f"{CAREFUL}{deaths}")}
        while True:
            if await self._keeper.save(mark):
                break
            await asyncio.sleep(FENCED_SECONDS)
        await self._hand_over(record, deaths)
        self.saved = self.done = record.offset + 1
        self._suspects -= 1

    async def _hand_over(self, record: Any, deaths: int) -> None:
        """Hand a message over until its delivery returns."""
        origin = locate(record)
        incoming = Incoming(message=read_envelope(record, origin), deaths=deaths, origin=origin)
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._is_busy = True
            try:
                return await self._deliver(incoming)
            except Exception as error:  # noqa: BLE001 - whatever it is, the message must not be lost
                logger.error("delivery repeated", origin=origin, error=repr(error))
            finally:
                self._is_busy = False
            if self._is_stopping:
                raise asyncio.CancelledError
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)
