"""Computations that end when a test wants them to."""

import asyncio
from typing import Any


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
