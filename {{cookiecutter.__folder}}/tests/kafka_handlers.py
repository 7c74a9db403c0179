"""Handlers that rest, or wait for each other, while processes die."""

import asyncio

from app.utils.message_broker import Incoming
from app.utils.turns import at_rest
from tests.holding_handler import Handler, SlowSuspects


class Resting(Handler):
    """A handler that waits for something, as in an outage, and then for ever."""

    def __init__(self) -> None:
        """Wait until it is `over`."""
        super().__init__()
        self.over = asyncio.Event()

    async def __call__(self, incoming: Incoming) -> None:
        """Wait without an end."""
        self.deaths.append((incoming.message.body, incoming.deaths))
        self.begun.release()
        async with at_rest():
            await self.over.wait()
        self.begun.release()
        await asyncio.Event().wait()


class TakingTurns(SlowSuspects):
    """A handler that waits with the first suspect until another one is in hand."""

    def __init__(self) -> None:
        """Hold each as soon as it comes."""
        super().__init__()
        self.ready.set()
        self.is_first = True
        self.second = asyncio.Event()

    async def __call__(self, incoming: Incoming) -> None:
        """Handle a suspect."""
        if self.is_first:
            self.is_first = False
            async with at_rest():
                await self.second.wait()
        self.second.set()
        await super().__call__(incoming)
