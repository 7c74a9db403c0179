"""The figures of the outbox as metrics."""

import asyncio

from app.core.metrics import OUTBOX_AGE_SECONDS, OUTBOX_DEFERRED_SECONDS, OUTBOX_MESSAGES
from app.database import Database
from app.services.outbox.figures import measure_deferred, measure_outbox

LIMIT_SECONDS = 5.0


async def show_outbox(database: Database) -> None:
    """Measure the outbox; its figures are absent when the database does not tell."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS), database.begin(read_only=True) as session:
            figures = await measure_outbox(session)
            deferred = await measure_deferred(session)
    except Exception:  # noqa: BLE001 - whatever it is, the probes of the database say it
        OUTBOX_AGE_SECONDS.forget()
        for state in ("waiting", "put_off", "failed"):
            OUTBOX_MESSAGES.forget(state)
        OUTBOX_DEFERRED_SECONDS.values.clear()
        return
    OUTBOX_AGE_SECONDS.set(figures.age_seconds)
    OUTBOX_MESSAGES.set(figures.waiting, "waiting")
    OUTBOX_MESSAGES.set(figures.put_off, "put_off")
    OUTBOX_MESSAGES.set(figures.failed, "failed")
    OUTBOX_DEFERRED_SECONDS.values.clear()
    for each in deferred:
        OUTBOX_DEFERRED_SECONDS.set(each.seconds, each.topic, each.reason)
