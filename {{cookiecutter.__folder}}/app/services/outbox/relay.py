"""The outbox relay: publish what was committed, until the broker has confirmed it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.core.config import CoreSettings
from app.core.metrics import OUTBOX_BATCH_SECONDS, OUTBOX_RELAYED
from app.core.readings import show_zeros
from app.database import Database
from app.database_errors import translate_errors
from app.services.outbox.batch import Outcome, publish_batch
from app.services.outbox.rests import Rests
from app.services.outbox.settling import end_retry, put_off, settle
from app.services.outbox.shards import (
    Shards,
    hold_shard,
    read_batch,
    read_deferred,
    read_shard,
    read_shards,
)
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container
from app.utils.logger import Logger
from app.utils.message_broker import MessageBroker

logger = Logger(__name__)

# A relay is woken by its own process; this is for what other processes have committed.
POLL_SECONDS = 1.0
# When another relay is in a shard, it may have looked there before the last commit.
HELD_SECONDS = 0.02
# The broker's client gives up sooner, and knows why.
PUBLISH_SECONDS = 20.0
# A server that vanished without a word would be waited for without an end.
BATCH_SECONDS = 60.0
# What is still there then waits for another relay, or for the next start.
FLUSH_SECONDS = 10.0


class OutboxRelay:
    """Move messages from the outbox to the broker, at least once, in order for each key.

    The outbox is cut into shards, and a key is always in the same one. A relay has a shard to
    itself while it publishes, so that any number of relays share the work.
    """

    def __init__(self, opened: Container) -> None:
        """Publish to the broker what the database holds, woken by the units of work."""
        self._database = opened[Database]
        self._broker = opened[MessageBroker]
        self._emitted = opened[UnitOfWorkFactory].emitted
        self._is_stopping = False
        self._rests = Rests()
        self._logged_topics: set[str] = set()
        self._is_lost = False
        show_zeros(OUTBOX_RELAYED, ["published", "put_off", "refused"])

    def stop(self) -> None:
        """End `run` as soon as nothing is due that can be published now."""
        self._is_stopping = True
        self._emitted.set()

    async def run(self) -> None:
        """Relay until it is stopped."""
        pause = HELD_SECONDS
        while True:
            # Before looking, so that a commit in the meantime makes it look again.
            self._emitted.clear()
            is_last = self._is_stopping
            handled, held = await self._relay_safely()
            if handled:
                pause = HELD_SECONDS
                continue
            if is_last:
                return
            pause = min(2 * pause, POLL_SECONDS) if held else POLL_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._emitted.wait()

    async def _relay_safely(self) -> tuple[int, int]:
        try:
            with translate_errors():
                result = await self.relay_due()
        except Exception as error:  # noqa: BLE001 - whatever it was, the relay goes on
            if not self._is_lost:
                logger.failure("outbox not relayed", error)
            self._is_lost = True
            return 0, 0
        if self._is_lost:
            logger.info("outbox relayed again")
        self._is_lost = False
        return result

    async def relay_due(self) -> tuple[int, int]:
        """Relay a batch of each shard in which something is due.

        Returns how many messages were handled, and how many shards other relays had.
        """
        async with asyncio.timeout(BATCH_SECONDS), self._database.begin(read_only=True) as session:
            shards = await read_shards(session)
        due = shards.find_due()
        # One that has nothing left was published by another relay.
        self._rests.keep(due)
        # Each relay in an order of its own, so that they do not meet at every shard.
        random.shuffle(due)
        handled = held = 0
        for shard in due:
            if self._rests.is_resting(shard):
                continue
            async with asyncio.timeout(BATCH_SECONDS):
                count = await self._relay_shard(shard, shards)
            handled += count or 0
            held += count is None
        return handled, held

    async def _relay_shard(self, shard: int, shards: Shards) -> int | None:
        """Return how many messages were handled, or None if another relay has the shard."""
        async with hold_shard(self._database, shard) as begin:
            if begin is None:
                return None
            async with begin() as session:
                state = await read_shard(session, shard)
                shards.deferred[shard] = state.deferred
                topics = shards.find_due_topics(shard)
                if topics:
                    rows = await read_deferred(session, state, topics)
                else:
                    rows = await read_batch(session, state)
            deferred = () if topics else state.deferred
            last = shards.find_newest()
            with OUTBOX_BATCH_SECONDS.time():
                outcome = await publish_batch(
                    self._broker, rows, deferred, careful=last, seconds=PUBLISH_SECONDS
                )
            async with begin() as session:
                await settle(session, outcome)
                if topics:
                    left = await end_retry(session, state, topics, last, outcome)
                else:
                    left = await put_off(session, state, last, outcome)
        released = state.deferred.keys() - left.keys()
        shards.deferred[shard] = left
        self._note(shard, outcome)
        self._note_released(released - shards.find_newest().keys())
        OUTBOX_RELAYED.labels("published").inc(len(outcome.published))
        OUTBOX_RELAYED.labels("put_off").inc(0 if topics else len(outcome.put_off))
        OUTBOX_RELAYED.labels("refused").inc(len(outcome.refused))
        done = len(outcome.published) + len(outcome.put_off) + len(outcome.refused)
        return done + len(released)

    def _note(self, shard: int, outcome: Outcome) -> None:
        """Log what people should know, once, and leave a shard alone whose batch failed."""
        for row, reason in outcome.refused:
            logger.error("message refused for good", id=row.message_id, error=reason)
        for topic, error in outcome.unavailable.items():
            if topic not in self._logged_topics:
                self._logged_topics.add(topic)
                logger.warning("topic deferred", topic=topic, error=str(error))
        if outcome.failure is None:
            self._rests.end(shard)
        else:
            self._rests.begin(shard, outcome.failure)

    def _note_released(self, topics: set[str]) -> None:
        for topic in topics & self._logged_topics:
            self._logged_topics.remove(topic)
            logger.info("topic no longer deferred", topic=topic)


@asynccontextmanager
async def run_relay(opened: Container) -> AsyncIterator[None]:
    """Relay in the background while the block runs, and then what was committed in it.

    What cannot be published by then stays in its table.
    """
    relay = OutboxRelay(opened)
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        grace = opened[CoreSettings].process.grace_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(min(FLUSH_SECONDS, grace)):
                await task
