"""The shards of the outbox that are left alone for a while, because publishing failed."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from app.utils.logger import Logger

logger = Logger(__name__)

FIRST_REST_SECONDS = 0.5
MAX_REST_SECONDS = 15.0


@dataclass
class Rest:
    """For how long a shard is left alone."""

    seconds: float
    until: float


class Rests:
    """Which shards rest; the log says when the first begins to and when the last has ended."""

    def __init__(self) -> None:
        """Start with none."""
        self._rests: dict[int, Rest] = {}

    def is_resting(self, shard: int) -> bool:
        """Tell whether a shard is to be left alone now."""
        rest = self._rests.get(shard)
        return rest is not None and asyncio.get_running_loop().time() < rest.until

    def begin(self, shard: int, failure: Exception) -> None:
        """Leave a shard alone, for longer each time."""
        if not self._rests:
            logger.warning("outbox waits for the broker", error=repr(failure))
        last = self._rests.get(shard)
        seconds = min(2 * last.seconds, MAX_REST_SECONDS) if last else FIRST_REST_SECONDS
        self._rests[shard] = Rest(seconds, asyncio.get_running_loop().time() + seconds)

    def end(self, shard: int) -> None:
        """Forget the rest of a shard."""
        self.keep(self._rests.keys() - {shard})

    def keep(self, shards: Collection[int]) -> None:
        """Forget all rests but those of these shards."""
        kept = {shard: rest for shard, rest in self._rests.items() if shard in shards}
        if self._rests and not kept:
            logger.info("outbox goes on")
        self._rests = kept
