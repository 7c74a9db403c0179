"""One attempt to handle an event: its handler is called in a unit of work."""

# {% if cookiecutter.database != "none" %}
import asyncio
import random
# {% endif %}
from time import perf_counter
from typing import Any

# {% if cookiecutter.database != "none" %}
from app.core.errors import TransactionConflictError
# {% endif %}
from app.core.message_metrics import SubscriptionSeries
# {% if cookiecutter.database != "none" %}
from app.services.inbox import DuplicateMessageError, record_message
# {% endif %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.consumer import Subscription
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import check_parameters, read_parameters
from app.utils.logger import Logger
from app.utils.message_broker import Event
from app.utils.sampler import Sampler
from app.utils.watchdog import Watchdog

logger = Logger(__name__)

# A line costs as much as all the rest of what a message takes before its handler.
LINES_PER_SECOND = 100
# {% if cookiecutter.database != "none" %}
CONFLICTS = 5
FIRST_PAUSE_SECONDS = 0.02
# {% endif %}


class Handling:
    """Call one subscription's handler, each time in a unit of work of its own."""

    def __init__(self, subscription: Subscription, opened: Container) -> None:
        """Check at once that everything the handler asks for is there."""
        self._subscription = subscription
        self._begin = opened[UnitOfWorkFactory]
        self._watchdog = Watchdog(subscription.retry.timeout)
        self._sampler = Sampler(LINES_PER_SECOND)
        self._series = SubscriptionSeries(subscription.name)
        own = (subscription.event, UnitOfWork, Envelope)
        check_parameters(subscription.handler, {*opened, *own})
        parameters = read_parameters(subscription.handler)
        self._own = [(name, own.index(kind)) for name, kind in parameters.items() if kind in own]
        # The same for every message, so that it is looked up once.
        self._shared: dict[str, Any] = {
            name: opened[kind] for name, kind in parameters.items() if kind not in own
        }
# {% if cookiecutter.database != "none" %}

    async def __call__(self, event: Event, message: Envelope) -> None:
        """Handle the event, once and for all unless this raises.

        Deadlocks and their like are nobody's fault: it is done again at once.
        """
        for conflicts in range(1, CONFLICTS):
            try:
                return await self._handle(event, message)
            except TransactionConflictError:
                longest = FIRST_PAUSE_SECONDS * 2**conflicts
                await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
        return await self._handle(event, message)

    async def _handle(self, event: Event, message: Envelope) -> None:
        try:
            with self._watchdog.limit():
                async with self._begin() as uow:
                    if not self._subscription.is_broadcast:
                        await record_message(uow.session, self._subscription.name, message.id)
                    await self._call(event, message, uow)
        except DuplicateMessageError:
            self._series.duplicate.inc()
            logger.info("message seen before", id=message.id, handler=self._subscription.name)
            return
        self._log(message)
# {% endif %}
# {% if cookiecutter.database == "none" %}

    async def __call__(self, event: Event, message: Envelope) -> None:
        """Handle the event; it is done unless this raises."""
        with self._watchdog.limit():
            async with self._begin() as uow:
                await self._call(event, message, uow)
        self._log(message)
# {% endif %}

    async def _call(self, event: Event, message: Envelope, uow: UnitOfWork) -> None:
        own = (event, uow, message)
        arguments = {name: own[place] for name, place in self._own}
        started = perf_counter()
        try:
            await self._subscription.handler(**self._shared, **arguments)
        finally:
            self._series.seconds.observe(perf_counter() - started)

    def _log(self, message: Envelope) -> None:
        self._series.handled.inc()
        if (left_out := self._sampler.admit()) is not None:
            more = {"left_out": left_out} if left_out else {}
            name = self._subscription.name
            logger.info("event handled", topic=message.topic, handler=name, **more)
