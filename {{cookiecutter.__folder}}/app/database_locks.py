"""Locks that a transaction takes without waiting, and holds until it has ended."""

import weakref
# {% if cookiecutter.database == "mysql" %}
from typing import Any
# {% endif %}

# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import BigInteger, event, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

# {% endif %}
# {% if cookiecutter.database == "mysql" %}
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import PoolResetState

from app.utils.identity import make_digest

# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

# {% endif %}
_held: dict[tuple[str | None, bytes], object] = {}
"""What transactions of this process hold, by database and name, each with a mark of its own."""


async def try_lock(session: AsyncSession, name: bytes) -> bool:
    """Take the lock of this name, of 32 random bytes; False when another transaction has it.

    The name is free again when the session's transaction has ended. One that this process holds
    costs others no connection. On SQLite, which has one writer at a time, no other process sees it.
    """
    url = session.get_bind().engine.url
    key = (url.database, name)
    if key in _held:
        return False
    _held[key] = mark = object()

    def release() -> None:
        if _held.get(key) is mark:
            del _held[key]

    def release_at_end(_: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            release()

    event.listen(session.sync_session, "after_transaction_end", release_at_end)
    # A transaction whose end fails, as of a server that died, does not say that it has ended.
    weakref.finalize(session.sync_session, release)
    if not session.in_transaction():
        # Before anything is asked of the database, so that there is an end which releases it.
        await session.begin()
    # {% if cookiecutter.database == "postgresql" %}
    if url.get_backend_name() == "postgresql":
        number = literal(int.from_bytes(name[:8], signed=True), BigInteger)
        return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    if url.get_backend_name() == "mysql":
        # All databases of a server share the names of locks, of 64 characters at most.
        lock = make_digest(url.database, name).hex()
        if not await session.scalar(select(func.get_lock(lock, 0))):
            return False
        (await session.connection()).info.setdefault("locks", []).append(lock)
    # {% endif %}
    return True
# {% if cookiecutter.database == "mysql" %}


def release_locks(connection: Any, record: Any, state: PoolResetState) -> None:
    """Release what a connection holds when it returns to its pool: its transaction has ended."""
    locks = record.info.pop("locks", ()) if record else ()
    if state.terminate_only or not state.asyncio_safe:
        # It is closed, which releases them too.
        return
    for lock in locks:
        cursor = connection.cursor()
        cursor.execute("DO RELEASE_LOCK(%s)", (lock,))
        cursor.close()
# {% endif %}
