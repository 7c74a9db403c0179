"""What the services of Dev Talk keep together: versions of users, sessions, revocations."""

from app.shared.memory_store import MemoryStore
from app.shared.redis_store import RedisStore
from app.shared.store import Store

__all__ = ["MemoryStore", "RedisStore", "Store"]
