"""The inbox: a message counts once, however often it is delivered."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import InboxMessage


class DuplicateMessageError(RuntimeError):
    """The subscription has handled this message before."""


async def record_message(
    session: AsyncSession, subscription: str, message_id: str
) -> InboxMessage | None:
    """Record the message in the transaction of its effects, before them; return the record.

    Raises DuplicateMessageError when it was recorded before; the transaction is then void. A
    message without an id cannot be recognised, so that it is handled each time.
    """
    if not message_id:
        return None
    record = InboxMessage(subscription=subscription, message_id=message_id)
    session.add(record)
    try:
        await session.flush()
    except IntegrityError as error:
        raise DuplicateMessageError(message_id) from error
    return record


async def find_reply(session: AsyncSession, subscription: str, message_id: str) -> bytes:
    """Return what a request was answered with when it came first."""
    record = await session.get_one(InboxMessage, (subscription, message_id))
    return record.reply or b""
