"""What became of a batch of the outbox, written down."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Delete, Update, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.outbox.batch import Outcome
from app.tables import OutboxMessage, OutboxState

ERROR_LENGTH = 500


async def settle(session: AsyncSession, outcome: Outcome) -> None:
    """Write down what became of a batch."""
    if outcome.published:
        await run(session, delete(OutboxMessage).where(is_one_of(outcome.published)))
    for row, error in outcome.refused:
        failed = update(OutboxMessage).where(is_one_of([row]))
        reason = error[:ERROR_LENGTH]
        await run(session, failed.values(state=OutboxState.FAILED, error=reason))


async def run(session: AsyncSession, statement: Delete | Update) -> None:
    """Change rows; objects of them in memory are left as they are, as nobody reads them again."""
    await session.execute(statement, execution_options={"synchronize_session": False})


def is_one_of(rows: Iterable[OutboxMessage]) -> ColumnElement[bool]:
    """Tell whether a row is one of these."""
    return OutboxMessage.id.in_([row.id for row in rows])
