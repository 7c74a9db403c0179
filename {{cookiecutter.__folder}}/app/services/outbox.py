"""The outbox relay: publish what was committed, until the broker has confirmed it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy import select

from app.database import Database
from app.tables import OutboxMessage
from app.unit_of_work import UnitOfWorkFactory
from app.utils.background import run_in_background
from app.utils.clock import now
from app.utils.container import Container
from app.utils.logger import Logger
from app.utils.message_broker import BrokerError, MessageBroker

logger = Logger(__name__)

BATCH = 100
# A relay is woken by its own process; this is for rows of another that died.
POLL_SECONDS = 1.0
MAX_DELAY_SECONDS = 60.0
# A server that vanished without a word would be waited for without an end.
BATCH_SECONDS = 60.0


class OutboxRelay:
    """Move messages from the outbox table to the broker, at least once, oldest first.

    Several relays share the work by skipping each other's locked rows, so that with more than
    one replica the order of messages is not kept yet.
    """

    def __init__(self, opened: Container) -> None:
        """Publish to the broker what the database holds, woken by the units of work."""
        self._database = opened[Database]
        self._broker = opened[MessageBroker]
        self._emitted = opened[UnitOfWorkFactory].emitted

    async def run(self) -> None:
        """Relay for ever."""
        while True:
            try:
                while await self._relay_in_time() == BATCH:
                    pass
            except Exception as error:  # noqa: BLE001 - whatever it was, the relay goes on
                logger.error("outbox not relayed", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._emitted.wait()
            self._emitted.clear()

    async def _relay_in_time(self) -> int:
        async with asyncio.timeout(BATCH_SECONDS):
            return await self.relay_batch()

    async def relay_batch(self) -> int:
        """Publish and delete the oldest messages that are due; return how many were published.

        The first that fails ends the batch: its transaction must not wait for a broker that is
        down as often as there are messages.
        """
        due = (
            select(OutboxMessage)
            .where(OutboxMessage.available_at <= now())
            .order_by(OutboxMessage.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as session:
            published = 0
            for row in (await session.scalars(due)).all():
                if not await self._publish(row):
                    break
                await session.delete(row)
                published += 1
        return published

    async def _publish(self, row: OutboxMessage) -> bool:
        try:
            await self._broker.publish(row.to_envelope())
        except BrokerError as error:
            row.attempts += 1
            delay = min(2.0**row.attempts, MAX_DELAY_SECONDS)
            row.available_at = now() + timedelta(seconds=delay)
            logger.error("message not published", id=row.message_id, error=str(error))
            return False
        return True


@asynccontextmanager
async def run_relay(opened: Container) -> AsyncIterator[None]:
    """Relay in the background while the block runs; what is left then waits in its table."""
    async with run_in_background(OutboxRelay(opened).run()):
        yield
