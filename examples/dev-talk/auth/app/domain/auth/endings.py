"""The end of sessions: at once in the shared store, and for good by an event."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from app.core.errors import UnavailableError
from app.domain.auth.sessions import Sessions
from app.domain.contracts.sessions import SessionRevoked
from app.unit_of_work import UnitOfWork
from app.utils.clock import now
from app.utils.logger import Logger

logger = Logger(__name__)


def end_sessions(
    uow: UnitOfWork, sessions: Sessions, user_id: int, session_ids: Iterable[str]
) -> None:
    """End sessions of a user when this is committed."""
    expires_at = now() + timedelta(seconds=sessions.longest_token)
    for session_id in sorted(session_ids):
        uow.emit(SessionRevoked(session_id=session_id, user_id=user_id, expires_at=expires_at))
        uow.after_commit(partial(end_now, sessions, session_id, user_id))


async def end_now(sessions: Sessions, session_id: str, user_id: int) -> None:
    """End a session; where the store does not answer, the handler of the event does it later."""
    try:
        await sessions.end(session_id, user_id)
    except UnavailableError as error:
        logger.warning("session not ended yet", error=str(error))
