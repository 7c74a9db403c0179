"""A circuit breaker: a service that does not answer, or a slow route of it, is left alone."""

from collections.abc import Callable
from time import monotonic

from app.core.errors import UnavailableError
from app.utils.logger import Logger

logger = Logger(__name__)


class Circuit:
    """Count what fails in a row; when that is too much, refuse at once, and try again later."""

    def __init__(
        self,
        name: str,
        *,
        failures: int,
        seconds: float,
        refusal: str = "does not answer",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Guard the service, or one route of it, and refuse in these words."""
        self._name = name
        self._most = failures
        self._seconds = seconds
        self._refusal = refusal
        self.clock = clock
        self._failures = 0
        self._try_at = 0.0

    def check(self) -> None:
        """Let a request through; raises UnavailableError while the service is left alone.

        When that time is over one request may try, and the others still wait for what it finds.
        """
        if self._failures < self._most:
            return
        moment = self.clock()
        if moment < self._try_at:
            service = self._name.partition(" ")[0]
            raise UnavailableError(f"{service}: {self._refusal}, try again later")
        self._try_at = moment + self._seconds

    def succeed(self) -> None:
        """Note that it has answered, whatever it said."""
        if self._failures >= self._most:
            logger.info("service is back", name=self._name)
        self._failures = 0

    def fail(self) -> None:
        """Note that it has not."""
        self._failures += 1
        if self._failures >= self._most:
            if self._failures == self._most:
                logger.warning("service is left alone", name=self._name, seconds=self._seconds)
            self._try_at = self.clock() + self._seconds
