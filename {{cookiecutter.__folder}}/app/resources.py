"""The long-lived resources of this service's own: clients, pools, whatever must be closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.settings import Settings


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    yield Resources()
