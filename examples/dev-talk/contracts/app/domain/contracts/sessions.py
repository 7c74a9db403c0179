"""Sessions, as the service auth tells of them."""

from app.domain.contracts.senders import AUTH
from app.utils.base_model import UtcDatetime
from app.utils.message_broker import Event


class SessionRevoked(Event, topic="session.revoked", key="session_id", sent_by=AUTH):
    """The tokens of a session count no more, although the last of them expires only then."""

    session_id: str
    user_id: int
    expires_at: UtcDatetime
