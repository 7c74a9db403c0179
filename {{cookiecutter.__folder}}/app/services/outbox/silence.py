"""Topics of the outbox that nobody listens to: put off, and tried again later."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.outbox.batch import Outcome
from app.services.outbox.settling import is_one_of, run
from app.services.outbox.shards import is_in
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.clock import now

SILENT_SECONDS = 30.0


async def put_off(session: AsyncSession, state: OutboxShard, outcome: Outcome) -> None:
    """Put messages off, and with them what comes for their topics, to try them again later."""
    rows = update(OutboxMessage).where(is_one_of(outcome.put_off))
    await run(session, rows.values(state=OutboxState.PUT_OFF))
    topics = {row.topic for row in outcome.put_off}
    if not topics.issubset(state.silent_topics):
        await write_silence(session, state.shard, topics.union(state.silent_topics))


async def end_retry(
    session: AsyncSession, state: OutboxShard, probes: Iterable[OutboxMessage], outcome: Outcome
) -> set[str]:
    """Let the messages of topics go out that somebody listens to again; return the topics."""
    silent = set(state.silent_topics)
    heard = {row.topic for row in outcome.published} | (silent - {row.topic for row in probes})
    if heard:
        rows = update(OutboxMessage).where(is_in(state.shard, OutboxState.PUT_OFF))
        released = rows.where(OutboxMessage.topic.in_(heard))
        await run(session, released.values(state=OutboxState.WAITING))
    if heard or outcome.failure is None:
        await write_silence(session, state.shard, silent - heard)
    return heard


async def write_silence(session: AsyncSession, shard: int, topics: Collection[str]) -> None:
    """Say which topics nobody listens to, and when to try them again."""
    retry_at = now() + timedelta(seconds=SILENT_SECONDS) if topics else None
    silent = update(OutboxShard).where(OutboxShard.shard == shard)
    await run(session, silent.values(silent_topics=sorted(topics), retry_at=retry_at))
