"""What is in the outbox, for metrics and for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.outbox.deferral import Deferred, find_newest
from app.services.outbox.shards import is_in
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.clock import now


@dataclass(frozen=True, kw_only=True)
class OutboxFigures:
    """How much is in the outbox, and how old the oldest message that waits is."""

    waiting: int
    put_off: int
    failed: int
    age_seconds: float


@dataclass(frozen=True, kw_only=True)
class DeferredFigures:
    """Why a topic is deferred, since when, and when it is tried again."""

    topic: str
    reason: str
    error: str
    seconds: float
    next_seconds: float


@dataclass(frozen=True, kw_only=True)
class TopicFigures:
    """How many messages of a topic are in a state, for failed ones with the same error."""

    topic: str
    state: str
    error: str | None
    count: int


async def measure_outbox(session: AsyncSession) -> OutboxFigures:
    """Return the outbox's size and age; the age is read from one message of each shard."""
    counting = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
    counts = {row[0]: row[1] for row in await session.execute(counting)}
    first = (
        select(OutboxMessage.id)
        .where(is_in(OutboxShard.shard, OutboxState.WAITING))
        .order_by(OutboxMessage.shard, OutboxMessage.id)
        .limit(1)
        .scalar_subquery()
    )
    firsts = (await session.scalars(select(first).select_from(OutboxShard))).all()
    oldest = await session.scalar(
        select(func.min(OutboxMessage.time)).where(OutboxMessage.id.in_(filter(None, firsts)))
    )
    return OutboxFigures(
        waiting=counts.get(OutboxState.WAITING, 0),
        put_off=counts.get(OutboxState.PUT_OFF, 0),
        failed=counts.get(OutboxState.FAILED, 0),
        age_seconds=max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0,
    )


async def measure_deferred(session: AsyncSession) -> Sequence[DeferredFigures]:
    """Return the topics that are deferred in any shard."""
    rows = await session.execute(select(OutboxShard.shard, OutboxShard.deferred))
    shards: dict[int, Deferred] = {row[0]: row[1] for row in rows}
    time = now().timestamp()
    return [
        DeferredFigures(
            topic=topic,
            reason=last["reason"],
            error=last["error"],
            seconds=time - min(each[topic]["since"] for each in shards.values() if topic in each),
            next_seconds=max(0.0, last["tried_at"] + last["delay"] - time),
        )
        for topic, last in sorted(find_newest(shards).items())
    ]


async def measure_topics(session: AsyncSession) -> Sequence[TopicFigures]:
    """Return the figures of each topic; this reads the whole outbox."""
    columns = (OutboxMessage.topic, OutboxMessage.state, OutboxMessage.error)
    counting = select(*columns, func.count()).group_by(*columns).order_by(*columns[:2])
    return [
        TopicFigures(topic=row[0], state=row[1], error=row[2], count=row[3])
        for row in await session.execute(counting)
    ]


async def retry_failed(session: AsyncSession) -> int:
    """Let messages that the broker refused be published again; return how many."""
    failed = update(OutboxMessage).where(OutboxMessage.state == OutboxState.FAILED)
    connection = await session.connection()
    changed = await connection.execute(failed.values(state=OutboxState.WAITING, error=None))
    return changed.rowcount
