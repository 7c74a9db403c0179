"""What became of a batch of the outbox, written down."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Delete, Update, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database_errors import make_storable
from app.services.outbox.batch import Outcome
from app.services.outbox.deferral import ERROR_LENGTH, Deferred, begin_deferral, go_on
from app.services.outbox.shards import is_in
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.clock import now


async def settle(session: AsyncSession, outcome: Outcome) -> None:
    """Write down what became of a batch."""
    if outcome.published:
        await run(session, delete(OutboxMessage).where(is_one_of(outcome.published)))
    for row, error in outcome.refused:
        failed = update(OutboxMessage).where(is_one_of([row]))
        reason = make_storable(error, ERROR_LENGTH)
        await run(session, failed.values(state=OutboxState.FAILED, error=reason))


async def put_off(
    session: AsyncSession, state: OutboxShard, last: Deferred, outcome: Outcome
) -> Deferred:
    """Put off messages of topics that the broker does not take; return all deferred topics.

    `last` tells of those that are deferred in any shard.
    """
    if not outcome.put_off:
        return state.deferred
    rows = update(OutboxMessage).where(is_one_of(outcome.put_off))
    await run(session, rows.values(state=OutboxState.PUT_OFF))
    new = {
        topic: begin_deferral(last.get(topic), error, now().timestamp())
        for topic, error in outcome.unavailable.items()
    }
    return await write_deferred(session, state, {**state.deferred, **new})


async def end_retry(
    session: AsyncSession,
    state: OutboxShard,
    topics: Iterable[str],
    last: Deferred,
    outcome: Outcome,
) -> Deferred:
    """Let messages of topics go out that the broker takes again; return all deferred topics."""
    left, moved = dict(state.deferred), {row.topic for row in outcome.published}
    for topic in topics:
        if error := outcome.unavailable.get(topic):
            left[topic] = go_on(left[topic], last[topic], error, now().timestamp(), topic in moved)
        elif outcome.failure is None:
            del left[topic]
    if released := state.deferred.keys() - left.keys():
        rows = update(OutboxMessage).where(is_in(state.shard, OutboxState.PUT_OFF))
        rows = rows.where(OutboxMessage.topic.in_(released))
        await run(session, rows.values(state=OutboxState.WAITING))
    return await write_deferred(session, state, left)


async def write_deferred(session: AsyncSession, state: OutboxShard, deferred: Deferred) -> Deferred:
    """Say which topics of a shard are deferred; return them."""
    shard = update(OutboxShard).where(OutboxShard.shard == state.shard)
    await run(session, shard.values(deferred=deferred))
    return deferred


async def run(session: AsyncSession, statement: Delete | Update) -> None:
    """Change rows; objects of them in memory are left as they are, as nobody reads them again."""
    await session.execute(statement, execution_options={"synchronize_session": False})


def is_one_of(rows: Iterable[OutboxMessage]) -> ColumnElement[bool]:
    """Tell whether a row is one of these."""
    return OutboxMessage.id.in_([row.id for row in rows])
