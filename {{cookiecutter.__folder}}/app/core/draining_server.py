"""A server that goes on for a moment after SIGTERM, until whoever sends requests has noticed."""

import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

from uvicorn import Config, Server

from app.core.drain import begin_drain

# Balancers ask every few seconds, and an orchestrator takes about one to tell all that it knows.
LONGEST_PAUSE_SECONDS = 5.0
PART_OF_THE_GRACE = 6


class OpenStreams:
    """What has no end of its own, such as server-sent events: it ends when the server closes.

    Not before: whoever connects again at once would come back to this process.
    """

    def __init__(self) -> None:
        """Start with nothing open."""
        self._ends: set[Callable[[], None]] = set()
        self._has_closed = False

    def add(self, end: Callable[[], None]) -> None:
        """Take in what `end` ends; at once, when the server has closed."""
        self._ends.add(end)
        if self._has_closed:
            end()

    def remove(self, end: Callable[[], None]) -> None:
        """Forget what has ended."""
        self._ends.discard(end)

    def close(self) -> None:
        """End all of them, and what is still added."""
        self._has_closed = True
        for end in [*self._ends]:
            end()


streams = OpenStreams()


def choose_pause(grace: float) -> float:
    """Return how many seconds of the grace period are for requests that are still sent."""
    return min(LONGEST_PAUSE_SECONDS, grace / PART_OF_THE_GRACE)


class DrainingServer(Server):
    """On SIGTERM be not ready, but serve; then take no more and finish what is in flight.

    Whoever closes its connections at once loses the requests that are on their way in them.
    """

    def __init__(self, config: Config, grace: float, *, pause: float | None = None) -> None:
        """Take so many seconds for all of it, less what the lifespan's end takes."""
        self._pause = choose_pause(grace) if pause is None else pause
        config.timeout_graceful_shutdown = int(grace - self._pause)
        super().__init__(config)
        self._ends_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end on SIGTERM; end at once on Ctrl+C, or when nothing is served yet."""
        if sig != signal.SIGTERM or not self.started:
            super().handle_exit(sig, frame)
        elif self._ends_at is None:
            begin_drain()
            self._ends_at = time.monotonic() + self._pause

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second whether the pause is over."""
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams: everything else that is in flight ends by itself."""
        streams.close()
        await super().shutdown(sockets)
