"""What tests of caches share: a model, and patience."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, computed_field


class Thing(BaseModel):
    """A model whose JSON for clients is not what it is read from."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    made_at: datetime
    size: int = Field(default=1, serialization_alias="Size")

    @computed_field
    def double(self) -> int:
        return 2 * self.size


THING = Thing(id=uuid4(), made_at=datetime(2026, 1, 2, tzinfo=UTC))
PATIENCE_SECONDS = 5.0


async def eventually(happens: Callable[[], Awaitable[object]]) -> None:
    """Ask until it is so; the test fails when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.001)
