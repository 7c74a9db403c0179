"""The shards of the outbox: which have something to do, whose turn it is, and what is in them."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
# {% if cookiecutter.database == "sqlite" %}
from contextlib import AbstractAsyncContextManager, asynccontextmanager
# {% endif %}
# {% if cookiecutter.database != "sqlite" %}
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
# {% endif %}
from dataclasses import dataclass
from typing import Any

# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import ColumnElement, and_, select
# {% endif %}
# {% if cookiecutter.database != "postgresql" %}
from sqlalchemy import ColumnElement, select
# {% endif %}
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
# {% if cookiecutter.database == "mysql" %}
from app.engine import READ_COMMITTED
# {% endif %}
from app.services.outbox.deferral import Deferral, Deferred, find_due, find_newest
from app.services.outbox.file import lock_file
from app.tables import OutboxMessage, OutboxShard, OutboxState
from app.utils.clock import now

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Begin a transaction, or go on with the one that holds the shard."""

BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Shards:
    """The shards in which messages wait, and the topics that are deferred in each."""

    waiting: frozenset[int]
    deferred: dict[int, Deferred]

    def find_due(self) -> list[int]:
        """Return the shards in which something is due."""
        return sorted(self.waiting | find_due(self.deferred, now().timestamp()).keys())

    def find_due_topics(self, shard: int) -> list[str]:
        """Return the topics that are to be tried again in a shard."""
        return find_due(self.deferred, now().timestamp()).get(shard, [])

    def find_newest(self) -> dict[str, Deferral]:
        """Return what the last try of each deferred topic has shown, in whichever shard."""
        return find_newest(self.deferred)


async def read_shards(session: AsyncSession) -> Shards:
    """Read what is in the shards: one look into the index for each."""
    oldest = (
        select(OutboxMessage.shard)
        .where(is_in(OutboxShard.shard, OutboxState.WAITING))
        .order_by(OutboxMessage.shard)
        .limit(1)
        .scalar_subquery()
    )
    rows = (await session.execute(select(OutboxShard.shard, OutboxShard.deferred, oldest))).all()
    return Shards(
        waiting=frozenset(row[0] for row in rows if row[2] is not None),
        deferred={row[0]: row[1] for row in rows},
    )


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


async def read_deferred(
    session: AsyncSession, state: OutboxShard, topics: Iterable[str]
) -> Sequence[OutboxMessage]:
    """Return the oldest messages of deferred topics of a shard."""
    found: list[OutboxMessage] = []
    for topic in topics:
        oldest = (
            select(OutboxMessage)
            .where(is_in(state.shard, OutboxState.PUT_OFF), OutboxMessage.topic == topic)
            .order_by(OutboxMessage.shard, OutboxMessage.id)
            .limit(BATCH)
        )
        # Some databases take names for the same that differ in their letters' case.
        found += [row for row in await session.scalars(oldest) if row.topic == topic]
    return found
