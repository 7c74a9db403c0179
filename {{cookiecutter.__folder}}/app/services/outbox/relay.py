"""The outbox relay: publish what was committed, until the broker has confirmed it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.core.config import CoreSettings
from app.core.metrics import OUTBOX_BATCH_SECONDS, OUTBOX_RELAYED
from app.database import Database
from app.services.outbox.batch import Outcome, publish_batch
from app.services.outbox.rests import Rests
from app.services.outbox.settling import settle
from app.services.outbox.shards import (
    find_shards,
    hold_shard,
    read_batch,
    read_probes,
    read_shard,
)
from app.services.outbox.silence import end_retry, put_off
from app.unit_of_work import UnitOfWorkFactory
from app.utils.clock import now
from app.utils.container import Container
from app.utils.logger import Logger
from app.utils.message_broker import MessageBroker

logger = Logger(__name__)

# A relay is woken by its own process; this is for what other processes have committed.
POLL_SECONDS = 1.0
# When another relay is in a shard, it may have looked there before the last commit.
HELD_SECONDS = 0.02
# The transaction must not stay open for as long as a broker is slow; what is left is next.
PUBLISH_SECONDS = 10.0
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
        self._silent_topics: set[str] = set()
        self._is_lost = False

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
            result = await self.relay_due()
        except Exception as error:  # noqa: BLE001 - whatever it was, the relay goes on
            if not self._is_lost:
                logger.error("outbox not relayed", error=repr(error))
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
            due = await find_shards(session)
        # One that has nothing left was published by another relay.
        self._rests.keep(due)
        # Each relay in an order of its own, so that they do not meet at every shard.
        random.shuffle(due)
        handled = held = 0
        for shard in due:
            if self._rests.is_resting(shard):
                continue
            async with asyncio.timeout(BATCH_SECONDS):
                count = await self._relay_shard(shard)
            handled += count or 0
            held += count is None
        return handled, held

    async def _relay_shard(self, shard: int) -> int | None:
        """Return how many messages were handled, or None if another relay has the shard."""
        async with hold_shard(self._database, shard) as begin:
            if begin is None:
                return None
            async with begin() as session:
                state = await read_shard(session, shard)
                is_retry = state.retry_at is not None and state.retry_at <= now()
                rows = await (read_probes if is_retry else read_batch)(session, state)
            silent = () if is_retry else state.silent_topics
            with OUTBOX_BATCH_SECONDS.time():
                outcome = await publish_batch(self._broker, rows, silent, seconds=PUBLISH_SECONDS)
            async with begin() as session:
                await settle(session, outcome)
                if is_retry:
                    heard = await end_retry(session, state, rows, outcome)
                    self._note_heard(heard)
                elif outcome.put_off:
                    await put_off(session, state, outcome)
        self._note(shard, outcome)
        OUTBOX_RELAYED.labels("published").inc(len(outcome.published))
        OUTBOX_RELAYED.labels("put_off").inc(len(outcome.put_off))
        OUTBOX_RELAYED.labels("refused").inc(len(outcome.refused))
        return len(outcome.published) + len(outcome.put_off) + len(outcome.refused)

    def _note(self, shard: int, outcome: Outcome) -> None:
        """Log what people should know, once, and leave a shard alone whose batch failed."""
        for row, error in outcome.refused:
            logger.error("message refused for good", id=row.message_id, error=error)
        for topic in {row.topic for row in outcome.put_off} - self._silent_topics:
            self._silent_topics.add(topic)
            logger.warning("nobody listens, messages put off", topic=topic)
        if outcome.failure is None:
            self._rests.end(shard)
        else:
            self._rests.begin(shard, outcome.failure)

    def _note_heard(self, topics: set[str]) -> None:
        for topic in topics & self._silent_topics:
            self._silent_topics.remove(topic)
            logger.info("somebody listens again", topic=topic)


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
