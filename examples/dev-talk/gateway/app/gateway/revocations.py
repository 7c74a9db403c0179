"""Sessions that have ended: asked of Redis, and remembered here for when Redis is away."""

import asyncio
from datetime import datetime
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.utils.clock import now
from app.utils.logger import Logger

logger = Logger(__name__)

# As the service auth writes it.
KEY = "dev-talk:revoked:{session_id}"
# Every request waits for it.
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 1.0


class Revocations:
    """Know which sessions have ended before their tokens have."""

    def __init__(self, redis: Redis | None) -> None:
        """Ask this Redis; without one, know only what was broadcast."""
        self._redis = redis
        self._heard: dict[str, datetime] = {}
        self._ask_again_at = 0.0

    def add(self, session_id: str, expires_at: datetime) -> None:
        """Remember a session until its last token has expired."""
        moment = now()
        # Oldest first, and all live equally long.
        for each in list(self._heard):
            if self._heard[each] > moment:
                break
            del self._heard[each]
        self._heard[session_id] = expires_at

    async def contains(self, session_id: str) -> bool:
        """Tell whether a session has ended."""
        if session_id in self._heard:
            return True
        if self._redis is None or monotonic() < self._ask_again_at:
            return False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return bool(await self._redis.exists(KEY.format(session_id=session_id)))
        except (RedisError, OSError) as error:
            # The others go on with what was broadcast.
            self._ask_again_at = monotonic() + PAUSE_SECONDS
            logger.warning("revocations cannot be looked up", error=str(error) or "no answer")
            return False
