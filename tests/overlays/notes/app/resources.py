"""The long-lived resources of the note service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.settings import Settings


@dataclass
class Press:
    """Something that must be opened and closed."""

    signature: str
    is_open: bool = True

    async def ping(self) -> None:
        """Answer readiness like every dependency."""
        if not self.is_open:
            raise ConnectionError("closed")


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process."""

    press: Press


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the press, and close it after the last request."""
    press = Press(settings.note_signature)
    try:
        yield Resources(press)
    finally:
        press.is_open = False
