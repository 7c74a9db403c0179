"""What other services tell this one: each of its processes hears it."""

from app.domain.contracts.sessions import SessionRevoked
from app.resources import Resources
from app.utils.consumer import Consumer

consumer = Consumer()


@consumer.on(SessionRevoked, broadcast=True)
async def remember_revocation(event: SessionRevoked, resources: Resources) -> None:
    """Remember that a session has ended, for when Redis is away."""
    resources.revocations.add(event.session_id, event.expires_at)
