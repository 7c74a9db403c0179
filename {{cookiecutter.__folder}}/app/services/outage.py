"""Wait for what does not answer, such as a server that restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.core.errors import UnavailableError
from app.core.metrics import SUBSCRIPTION_PAUSED
from app.utils.broker_errors import BrokerUnavailableError, PublishError
from app.utils.logger import Logger

logger = Logger(__name__)

FIRST_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 15.0

Result = TypeVar("Result")


class Outage:
    """Hold up the work of one subscription while something that it needs does not answer.

    One piece of work asks again now and then, less and less often; the others wait for it.
    """

    def __init__(self, name: str) -> None:
        """Start with everything answering; logs call the subscription `name`."""
        self._name = name
        self._paused = SUBSCRIPTION_PAUSED.labels(name)
        self._over = asyncio.Event()
        self._over.set()

    async def outlast(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return what the work returns, as soon as everything that it needs answers."""
        while True:
            if not self._over.is_set():
                await self._over.wait()
            try:
                return await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                if self._over.is_set():
                    return await self._probe(work, error)

    async def _probe(self, work: Callable[[], Awaitable[Result]], error: Exception) -> Result:
        self._over.clear()
        self._paused.set(1)
        logger.warning("subscription pauses", subscription=self._name, error=repr(error))
        delay = FIRST_DELAY_SECONDS
        try:
            while True:
                await asyncio.sleep(delay)
                delay = min(delay * 2, MAX_DELAY_SECONDS)
                try:
                    return await work()
                except Exception as again:
                    if not is_outage(again):
                        raise
        finally:
            self._over.set()
            self._paused.set(0)
            logger.info("subscription goes on", subscription=self._name)


def is_outage(error: Exception) -> bool:
    """Tell whether something did not answer, which says nothing about the message."""
    # What a broker refuses for good is a PublishError of a more particular kind.
    unavailable = isinstance(error, UnavailableError | BrokerUnavailableError)
    return unavailable or type(error) is PublishError
