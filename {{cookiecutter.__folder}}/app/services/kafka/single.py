"""Publishing to Kafka one message at a time: what is refused then is refused for what it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.services.kafka.stopping import stop_producer

Send = Callable[[Any], Awaitable[asyncio.Future[Any]]]
"""Hand a message to a producer; return what is done when the server has confirmed it."""


class SinglePublisher:
    """Write messages each in a batch of its own, after the one that it shared was refused.

    A server takes a batch as a whole or not at all, and the client does not learn because of which
    of its messages. The producer is another one than that of all other messages, which would
    suffer from each refusal.
    """

    def __init__(self, start: Callable[[], Awaitable[Any]]) -> None:
        """Start a producer when it is needed."""
        self._start = start
        self._producer: Any = None
        self._turn = asyncio.Lock()

    async def write(self, send: Send, seconds: float) -> None:
        """Return when the message is confirmed; raises what the server says of it."""
        async with self._turn:
            if self._producer is None:
                self._producer = await self._start()
            try:
                async with asyncio.timeout(seconds):
                    await (await send(self._producer))
            except BaseException:
                # It waits for a batch that was refused, or that nobody waits for any more.
                await self.close()
                raise

    async def close(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)
