"""A number of bytes that a process may hold, of which readers take what they need, or wait."""

import asyncio
from collections import deque


class Memory:
    """What is left of a number of bytes, and who waits for some of them.

    Whoever waits holds nothing, and has its turn before those that come later: so that nobody
    waits for ever, as long as each gives back what it holds.
    """

    def __init__(self, total: int) -> None:
        """Start with all of it."""
        self._left = total
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @property
    def free(self) -> int:
        """How many bytes can be taken at once."""
        return 0 if self._waiting else max(self._left, 0)

    def take(self, size: int) -> None:
        """Take bytes, also more than there are: they are there already."""
        self._left -= size

    def give_back(self, size: int) -> None:
        """Give bytes back, and let those go on that have waited for them."""
        self._left += size
        while self._waiting and self._waiting[0][1] <= self._left:
            turn, wanted = self._waiting.popleft()
            if not turn.done():
                self._left -= wanted
                turn.set_result(None)

    async def reserve(self, size: int) -> None:
        """Take bytes as soon as there are as many."""
        if size <= self.free:
            self.take(size)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, size))
        try:
            await turn
        except asyncio.CancelledError:
            taken = size if turn.done() and not turn.cancelled() else 0
            self._waiting = deque(each for each in self._waiting if each[0] is not turn)
            self.give_back(taken)
            raise
