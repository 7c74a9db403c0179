"""One partition of a group's topics: its messages, handed over one after the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from aiokafka import TopicPartition

from app.services.kafka.mark import CAREFUL, CLEAN, RUNNING, Mark
from app.services.kafka.reading import read
from app.services.kafka.records import locate, read_envelope
from app.services.kafka.unpacking import Share, holding
from app.utils.logger import Logger
from app.utils.message_broker import Deliver, Incoming
from app.utils.turns import Turn, at_rest, resting_by

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
        topic_id: str,
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
        self._topic_id = topic_id
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
        with holding() as share:
            await self._hand_over_all(share)

    async def _hand_over_all(self, share: Share) -> None:
        slice_end = time.monotonic() + SLICE_SECONDS
        while not self._is_stopping:
            records, end = await read(
                self._consumer,
                self.partition,
                share,
                timeout_ms=POLL_MILLISECONDS,
                max_records=BATCH,
            )
            for record in records:
                if self.done is None:
                    await self._skip_to(record.offset)
                if self._delay:
                    await self._wait(record)
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
            await self._skip_to(end)
            # Nothing is held while the next ones are waited for.
            records.clear()
            record = None

    async def _skip_to(self, offset: int) -> None:
        """Count as done what is not there: a transaction's marks, what was deleted or compacted.

        It would count as waiting for ever. A partition where nothing was ever handled is committed
        too, so that the group is known to read it.
        """
        if self.done is not None and offset <= self.done:
            return
        self.done = offset
        # Otherwise it is committed with what other lanes have done.
        if self._suspects and await self._keeper.save({self.partition: (offset, RUNNING)}):
            self.saved = offset

    async def _wait(self, record: Any) -> None:
        """Wait until a message was long enough on its rung."""
        rest = record.timestamp / 1000 + self._delay - time.time()
        if rest > 0:
            # Never longer, whatever the clock of another machine says.
            await asyncio.sleep(min(rest, self._delay))

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
            async with Turn(self._keeper.alone) as turn:
                with resting_by(partial(self._rest, record.offset, deaths, turn)):
                    await self._work_marked(record, deaths)
        else:
            await self._work_marked(record, 0)
        if pauses or self._delay or not self._suspects:
            # Nothing is in hand for a while, or not known to be: the next death is not its fault.
            await self._keeper.save({self.partition: (record.offset + 1, RUNNING)})

    async def _work_marked(self, record: Any, deaths: int) -> None:
        await self._save_mark(record.offset, deaths)
        await self._hand_over(record, deaths)
        self.saved = self.done = record.offset + 1
        self._suspects -= 1

    async def _save_mark(self, offset: int, deaths: int) -> None:
        """Commit that a message is in hand, of which so many processes died before."""
        mark = {self.partition: (offset, f"{CAREFUL}{deaths}")}
        while True:
            if await self._keeper.save(mark):
                break
            await asyncio.sleep(FENCED_SECONDS)

    @asynccontextmanager
    async def _rest(
        self, offset: int, deaths: int, turn: Turn, outages: int
    ) -> AsyncIterator[None]:
        """Have a suspect in no hand while it waits: what dies now does not die of it."""
        del outages  # It goes on here, where they are known.
        await self._save_mark(offset, deaths - 1)
        turn.yield_turn()
        yield
        await turn.resume()
        await self._save_mark(offset, deaths)

    async def _hand_over(self, record: Any, deaths: int) -> None:
        """Hand a message over until its delivery returns."""
        origin = locate(record)
        message = read_envelope(record, self._topic_id)
        incoming = Incoming(message=message, deaths=deaths, origin=origin)
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
            async with at_rest():
                await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)
