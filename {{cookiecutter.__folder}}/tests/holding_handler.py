"""A handler that holds on to messages, so that a test can look at what is in hand."""

import asyncio

from app.utils.message_broker import Incoming
from tests.broker_kit import PATIENCE_SECONDS

TURNS = 30


class Handler:
    """Handle messages, except for those that stay in hand until they are released."""

    def __init__(self, *held: bytes) -> None:
        """Hold messages of these bodies."""
        self.held = held
        self.released = asyncio.Event()
        self.deaths: list[tuple[bytes, int]] = []
        self.begun = asyncio.Semaphore(0)
        self.in_hand = self.most_in_hand = 0

    async def __call__(self, incoming: Incoming) -> None:
        """Handle a message."""
        self.deaths.append((incoming.message.body, incoming.deaths))
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        self.begun.release()
        try:
            await (self.released.wait() if incoming.message.body in self.held else pause())
        finally:
            self.in_hand -= 1

    async def begin(self, count: int) -> None:
        """Wait until so many messages were begun."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(count):
                await self.begun.acquire()


class SlowSuspects:
    """Handle suspects slowly, and note how many of them were in hand at the same time.

    Each stays in hand, once everything is `ready`, for longer than another needs to be begun.
    """

    def __init__(self) -> None:
        """Count no suspect yet."""
        self.ready = asyncio.Event()
        self.handled: list[str] = []
        self.in_hand = self.most_in_hand = 0

    async def __call__(self, incoming: Incoming) -> None:
        """Handle a message."""
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        await self.ready.wait()
        for _ in range(TURNS):
            if self.in_hand > 1:
                break
            await pause()
        self.in_hand -= 1
        self.handled.append(incoming.origin)

    async def finish(self, count: int) -> None:
        """Wait until so many suspects were handled."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.handled) < count:
                await pause()


async def pause() -> None:
    """Give the others some turns."""
    await asyncio.sleep(0.01)
