"""The shards of the outbox: which have something to do, whose turn it is, and what is in them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
# {% if cookiecutter.database == "sqlite" %}
from contextlib import AbstractAsyncContextManager, asynccontextmanager
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
# {% endif %}
from datetime import timedelta
from typing import Any

# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import ColumnElement, Delete, Update, and_, delete, or_, select, update
# {% endif %}
# {% if cookiecutter.database != "postgresql" %}
from sqlalchemy import ColumnElement, Delete, Update, delete, or_, select, update
# {% endif %}
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
# {% if cookiecutter.database == "mysql" %}
from app.engine import READ_COMMITTED
# {% endif %}
from app.services.outbox.batch import Outcome
from app.services.outbox.file import lock_file
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.clock import now

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Begin a transaction, or go on with the one that holds the shard."""

BATCH = 100
SILENT_SECONDS = 30.0
ERROR_LENGTH = 500


async def find_shards(session: AsyncSession) -> list[int]:
    """Return the shards in which something is due: one look into the index for each."""
    oldest = (
        select(OutboxMessage.shard)
        .where(is_in(OutboxShard.shard, OutboxState.WAITING))
        .order_by(OutboxMessage.shard)
        .limit(1)
        .scalar_subquery()
    )
    due = or_(oldest.is_not(None), OutboxShard.retry_at <= now())
    return list(await session.scalars(select(OutboxShard.shard).where(due)))


def is_in(shard: Any, state: OutboxState) -> ColumnElement[bool]:
    """Tell whether a message is in the shard and the state."""
    # {% if cookiecutter.database == "postgresql" %}
    # Together with the order by shard, only the index that we mean can answer this: for `=`,
    # PostgreSQL sometimes takes the primary key, and reads the whole backlog to find nothing.
    same = and_(OutboxMessage.shard >= shard, OutboxMessage.shard <= shard)
    # {% endif %}
    # {% if cookiecutter.database != "postgresql" %}
    same: ColumnElement[bool] = OutboxMessage.shard == shard
    # {% endif %}
    return (OutboxMessage.state == state) & same


@asynccontextmanager
async def hold_shard(database: Database, shard: int) -> AsyncIterator[Begin | None]:
    """Keep other relays out of the shard during the block; None when one of them is in it."""
    # {% if cookiecutter.database != "sqlite" %}
    if database.engine.dialect.name != "sqlite":
        lock = select(OutboxShard).filter_by(shard=shard).with_for_update(skip_locked=True)
        async with database.begin() as session:
            # {% endif %}
            # {% if cookiecutter.database == "mysql" %}
            # Without this the server also locks the gaps between rows, where others insert.
            await session.connection(execution_options=READ_COMMITTED)
            # {% endif %}
            # {% if cookiecutter.database != "sqlite" %}
            locked = await session.scalar(lock)
            # A context that does nothing at its end: the transaction lasts until the block's.
            yield None if locked is None else lambda: nullcontext(session)
        return
    # {% endif %}
    # {% if cookiecutter.database == "sqlite" %}
    del shard  # All shards have the same file.
    # {% endif %}
    # SQLite locks no rows, and a transaction that lasted as long as the broker takes would keep
    # everybody from writing: one relay at a time holds another file.
    with lock_file(database.engine.url.database or "") as is_ours:
        yield database.begin if is_ours else None


async def read_shard(session: AsyncSession, shard: int) -> OutboxShard:
    """Return the row of a shard."""
    return await session.get_one(OutboxShard, shard)


async def read_batch(session: AsyncSession, state: OutboxShard) -> Sequence[OutboxMessage]:
    """Return the oldest messages of a shard that wait.

    Oldest by id, although transactions do not commit in the order of their ids: a message can
    turn up behind one that is already out. Not one of the same key, whose writers change the
    same row: the second of them goes on after the first one's commit, and only then draws its
    id (see `UnitOfWork.write_events`).
    """
    oldest = (
        select(OutboxMessage)
        .where(is_in(state.shard, OutboxState.WAITING))
        .order_by(OutboxMessage.shard, OutboxMessage.id)
        .limit(BATCH)
    )
    return (await session.scalars(oldest)).all()


async def read_probes(session: AsyncSession, state: OutboxShard) -> Sequence[OutboxMessage]:
    """Return the oldest message of each topic of a shard that nobody listened to."""
    found: list[OutboxMessage] = []
    for topic in state.silent_topics:
        oldest = (
            select(OutboxMessage)
            .where(is_in(state.shard, OutboxState.PUT_OFF), OutboxMessage.topic == topic)
            .order_by(OutboxMessage.shard, OutboxMessage.id)
            .limit(1)
        )
        found += await session.scalars(oldest)
    return found


async def settle(session: AsyncSession, outcome: Outcome) -> None:
    """Write down what became of a batch."""
    if outcome.published:
        await run(session, delete(OutboxMessage).where(is_one_of(outcome.published)))
    for row, error in outcome.refused:
        failed = update(OutboxMessage).where(is_one_of([row]))
        reason = error[:ERROR_LENGTH]
        await run(session, failed.values(state=OutboxState.FAILED, error=reason))


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


async def run(session: AsyncSession, statement: Delete | Update) -> None:
    """Change rows; objects of them in memory are left as they are, as nobody reads them again."""
    await session.execute(statement, execution_options={"synchronize_session": False})


def is_one_of(rows: Iterable[OutboxMessage]) -> ColumnElement[bool]:
    """Tell whether a row is one of these."""
    return OutboxMessage.id.in_([row.id for row in rows])
