"""The long-lived resources of this service's own: what all services of Dev Talk share in Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.core.server_config import RedisSettings
from app.core.settings import read_settings
from app.domain.settings import Settings
from app.shared import MemoryStore, RedisStore, Store


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""

    store: Store


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    url = read_settings(RedisSettings).url
    store: Store = RedisStore(url) if url else MemoryStore()
    try:
        yield Resources(store)
    finally:
        await store.close()
