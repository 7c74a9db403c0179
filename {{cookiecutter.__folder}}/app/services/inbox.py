"""The inbox: a message counts once, however often it is delivered."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import InboxMessage
from app.utils.envelope import Envelope
from app.utils.identity import make_digest


class DuplicateMessageError(RuntimeError):
    """The subscription has handled this message before."""


async def record_message(
    session: AsyncSession, subscription: str, message: Envelope
) -> InboxMessage | None:
    """Record the message in the transaction of its effects, before them; return the record.

    Raises DuplicateMessageError when it was recorded before; the transaction is then void. A
    message without an id cannot be recognised, so that it is handled each time.
    """
    if not message.id:
        return None
    record = InboxMessage(subscription=subscription, message=identify(message))
    session.add(record)
    try:
        await session.flush()
    except IntegrityError as error:
        raise DuplicateMessageError(message.id) from error
    return record


async def was_recorded(session: AsyncSession, subscription: str, message: Envelope) -> bool:
    """Tell whether the subscription has handled this message before."""
    if not message.id:
        return False
    return await session.get(InboxMessage, (subscription, identify(message))) is not None


async def find_reply(session: AsyncSession, subscription: str, message: Envelope) -> bytes:
    """Return what a request was answered with when it came first."""
    record = await session.get_one(InboxMessage, (subscription, identify(message)))
    return record.reply or b""


def identify(message: Envelope) -> bytes:
    """Return what a message is known by: its id is unique in its source only (CloudEvents)."""
    return make_digest(message.source, message.id)
