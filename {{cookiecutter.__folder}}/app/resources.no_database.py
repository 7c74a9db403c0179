"""The long-lived resources of this service's own: clients, pools, whatever must be closed."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.settings import Settings


@dataclass(frozen=True)
class Activity:
    """One line of the record of what went on."""

    kind: str
    subject: str
    recorded_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""

    activities: deque[Activity]
    """The latest activities of this process: a restart forgets them."""


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    yield Resources(activities=deque(maxlen=settings.page_size))
