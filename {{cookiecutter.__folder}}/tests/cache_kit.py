"""What tests of caches share: a model, computations that end on demand, and patience."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
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


class Computation:
    """A computation that says when it has begun, and ends when the test wants it to."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.runs = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> Any:
        self.runs += 1
        self.begun.set()
        await self.ended.wait()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def finished(value: Any) -> Computation:
    """A computation that ends at once."""
    computation = Computation(value)
    computation.ended.set()
    return computation


async def eventually(happens: Callable[[], Awaitable[object]]) -> None:
    """Ask until it is so; the test fails when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.001)
