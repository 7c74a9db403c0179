"""One subscription on Kafka: a member of a group, and a lane for each partition it is given."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from app.services.kafka.admin import Admin, Cluster
from app.services.kafka.changes import find_other_rungs, is_replaced, wait_for_change
from app.services.kafka.client import TIMEOUT_SECONDS
from app.services.kafka.errors import FAILURES
from app.services.kafka.lane import Lane
from app.services.kafka.mark import RUNNING, Mark, write_mark
from app.services.kafka.reading import make_consumer
from app.services.kafka.starting import start_client
from app.services.kafka.stopping import stop_consumer
from app.utils.broker_errors import BrokerError, BrokerUnavailableError
from app.utils.logger import Logger
from app.utils.message_broker import Deliver
from app.utils.topology import Group

logger = Logger(__name__)

TICK_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0
HANDLING_GRACE_SECONDS = 5.0
# The others wait for us while we finish what is in hand, and commit it.
REBALANCE_SECONDS = 4 * HANDLING_GRACE_SECONDS
# Asked for its records, the client has none, and knows that we are alive.
NOTHING = TopicPartition("", -1)
OVER = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


class GroupConsumer:
    """Be a member of a group until `finish`, whatever happens to the connection."""

    def __init__(
        self,
        options: dict[str, Any],
        group: Group,
        deliver: Deliver,
        admin: Admin,
        alone: asyncio.Lock,
    ) -> None:
        """Start at once; `alone` is held while a message is handled that may kill the process."""
        self.alone = alone
        self._options = options
        self._group = group
        self._deliver = deliver
        self._admin = admin
        self._topics = (group.topic.name, *group.rungs)
        self._delays = group.rungs
        self._known = Cluster(servers=0, topics={}, ids={})
        self._consumer: Any = None
        self._lanes: dict[TopicPartition, Lane] = {}
        self._committing = asyncio.Lock()
        self._is_finishing = False
        self._seen = asyncio.get_running_loop().time()
        self.task = asyncio.create_task(self._run())

    def check(self) -> None:
        """Raise BrokerUnavailableError unless the group's messages are being taken."""
        silence = asyncio.get_running_loop().time() - self._seen
        if self.task.done() or silence > TIMEOUT_SECONDS:
            raise BrokerUnavailableError(f"{self._group.name}: nobody consumes its messages")

    async def finish(self) -> None:
        """Finish what is in hand; cancelled, give it back."""
        self._is_finishing = True
        for lane in self._lanes.values():
            lane.stop()
        try:
            if self._lanes:
                await asyncio.wait([lane.task for lane in self._lanes.values()])
        finally:
            if not self.task.cancelling():
                self.task.cancel()
        await asyncio.wait([self.task])

    async def save(self, offsets: dict[TopicPartition, tuple[int, str]]) -> bool:
        """Commit; return whether that was done: the partitions may be ours no more."""
        async with self._committing:
            return await self._commit(offsets)

    async def save_all(self) -> None:
        """Commit what every lane has completed, unless another has just done that for all."""
        async with self._committing:
            done = {
                lane: lane.done
                for lane in self._lanes.values()
                if lane.done is not None and lane.done != lane.saved and not lane.is_careful
            }
            if done:
                await self._commit({lane.partition: (at, RUNNING) for lane, at in done.items()})
            for lane, offset in done.items():
                lane.saved = offset

    async def _commit(self, offsets: dict[TopicPartition, tuple[int, str]]) -> bool:
        ids = self._known.ids
        marked = {
            each: (at, write_mark(said, ids.get(each.topic, "")))
            for each, (at, said) in offsets.items()
        }
        try:
            await self._consumer.commit(marked)
        except OVER as error:
            # What is not committed comes again, here or elsewhere.
            logger.debug("commit too late", group=self._group.name, error=repr(error))
            return False
        return True

    async def take(self, partitions: Collection[TopicPartition], by: "Rebalances") -> None:
        """Open a lane for each partition that is ours from now on, `by` whom we heard of it."""
        marks: dict[TopicPartition, Mark] = {}
        try:
            async with asyncio.timeout(HANDLING_GRACE_SECONDS):
                found = await self._admin.find_offsets(self._group.name, partitions)
                if by.is_over:
                    return
                marks = {
                    each: Mark.read(at.offset, at.metadata, self._known.ids.get(each.topic, ""))
                    for each, at in found.items()
                }
                for each, mark in marks.items():
                    if mark.offset == 0:
                        # What was committed may be an offset of another topic of that name.
                        self._consumer.seek(each, 0)
                # From here on it counts as an accident if we are not heard of again.
                clean = {each: mark.offset for each, mark in marks.items() if mark.is_clean}
                if clean:
                    await self._commit({each: (at or 0, RUNNING) for each, at in clean.items()})
        except (*FAILURES, BrokerError) as error:
            logger.warning("marks not read", group=self._group.name, error=repr(error))
            marks = {}
        if self._is_finishing or by.is_over:
            return
        for partition in partitions:
            self._lanes[partition] = Lane(
                partition,
                marks.get(partition, Mark()),
                consumer=self._consumer,
                keeper=self,
                deliver=self._deliver,
                delay=self._delays.get(partition.topic, 0.0),
                topic_id=self._known.ids.get(partition.topic, ""),
            )

    async def give_up(self, grace: float) -> None:
        """Close every lane: finish what is in hand if it takes no longer than grace; commit."""
        lanes, self._lanes = list(self._lanes.values()), {}
        if not lanes:
            return
        for lane in lanes:
            lane.stop()
        tasks = {lane.task for lane in lanes}
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=grace or HANDLING_GRACE_SECONDS)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                logger.warning("lane ended", group=self._group.name, error=repr(error))
        offsets = {
            lane.partition: (lane.done, lane.last_mark) for lane in lanes if lane.done is not None
        }
        if offsets:
            with suppress(*FAILURES):
                async with asyncio.timeout(HANDLING_GRACE_SECONDS):
                    await self.save(offsets)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE_SECONDS
        while not self._is_finishing:
            started = clock()
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - nothing else would start it again
                if clock() - started > MAX_PAUSE_SECONDS:
                    pause = FIRST_PAUSE_SECONDS
                logger.warning("consumer starts again", group=self._group.name, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _serve(self) -> None:
        # aiokafka has no cooperative assignment: each rebalance takes everything from everybody.
        self._consumer = consumer = make_consumer(
            self._options,
            group_id=self._group.name,
            rebalance_timeout_ms=round(REBALANCE_SECONDS * 1000),
        )
        rebalances = Rebalances(self)
        changing: asyncio.Task[Cluster] | None = None
        try:
            # What waits under the delays of an older policy, or of a newer one, comes too.
            others = await find_other_rungs(self._admin, self._group)
            self._delays = {**self._group.rungs, **others}
            topics = (*self._topics, *others)
            self._known = await self._admin.describe(topics)
            # A consumer of a topic that does not exist might create it.
            if missing := sorted({*topics} - {*self._known.topics}):
                raise BrokerUnavailableError(f"{', '.join(missing)}: there is no such topic")
            while not await self._admin.has_coordinator(self._group.name):
                self._seen = asyncio.get_running_loop().time()
                await asyncio.sleep(FIRST_PAUSE_SECONDS)
            consumer.subscribe(topics, listener=rebalances)
            await start_client(consumer)
            while True:
                changing = changing or asyncio.create_task(
                    wait_for_change(self._admin, topics, self._known, self._group)
                )
                await self._tick()
                if changing.done():
                    await self._follow(changing.result())
                    changing = None
        finally:
            rebalances.is_over = True
            if changing:
                changing.cancel()
            try:
                await self.give_up(grace=0.0)
            finally:
                await stop_consumer(consumer)

    async def _follow(self, found: Cluster) -> None:
        """Read new partitions from now on, and begin anew with a topic that was made again."""
        if is_replaced(found, self._known):
            raise BrokerUnavailableError("a topic was made again")
        self._known = found
        await self._consumer._client.force_metadata_update()

    async def _tick(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        await self._consumer.getmany(NOTHING)
        if not self._is_finishing and any(lane.task.done() for lane in self._lanes.values()):
            raise BrokerUnavailableError("a partition is no longer read")
        await self.save_all()
        self._seen = asyncio.get_running_loop().time()


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Hear which partitions are ours, from one client: it may go on after it was replaced."""

    def __init__(self, consumer: GroupConsumer) -> None:
        """Tell the consumer, until it is over."""
        self._consumer = consumer
        self.is_over = False

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Give everything up; what was lost rather than taken away ends in the same way."""
        del revoked
        if not self.is_over:
            await self._consumer.give_up(HANDLING_GRACE_SECONDS)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Take what is assigned."""
        if not self.is_over:
            await self._consumer.take(assigned, self)
