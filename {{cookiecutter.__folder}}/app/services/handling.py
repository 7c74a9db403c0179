"""One attempt to handle an event: its handler is called in a unit of work."""

# {% if cookiecutter.database != "none" %}
from functools import partial
# {% endif %}
from time import perf_counter
from typing import Any

# {% if cookiecutter.database != "none" %}
from app.core.attempts import repeat_on_conflict
# {% endif %}
from app.core.message_metrics import SubscriptionSeries
# {% if cookiecutter.database != "none" %}
from app.services.inbox import DuplicateMessageError, record_message, was_recorded
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
        # {% if cookiecutter.database != "none" %}
        self._begins_itself = begins_itself(subscription.handler)
        # {% endif %}
        self._own = [(name, own.index(kind)) for name, kind in parameters.items() if kind in own]
        # The same for every message, so that it is looked up once.
        self._shared: dict[str, Any] = {
            name: opened[kind] for name, kind in parameters.items() if kind not in own
        }
# {% if cookiecutter.database != "none" %}

    async def __call__(self, event: Event, message: Envelope) -> None:
        """Handle the event, once and for all unless this raises.

        Deadlocks and their like are nobody's fault: it is done again at once, and costs no attempt
        of the message, unless the handler has committed a unit of work of its own meanwhile.
        """
        await repeat_on_conflict(partial(self._handle, event, message), attempts=CONFLICTS)

    async def _handle(self, event: Event, message: Envelope) -> None:
        try:
            with self._watchdog.limit():
                if self._begins_itself:
                    await self._handle_in_units_of_its_own(event, message)
                else:
                    async with self._begin() as uow:
                        if not self._subscription.is_broadcast:
                            await record_message(uow.session, self._subscription.name, message)
                        await self._call(event, message, uow)
        except DuplicateMessageError:
            self._series.duplicate.inc()
            logger.info("message seen before", id=message.id, handler=self._subscription.name)
            return
        self._log(message)

    async def _handle_in_units_of_its_own(self, event: Event, message: Envelope) -> None:
        """Call a handler that may take longer than a transaction, and then record the message.

        What it has done is done again when the process dies before that.
        """
        name, is_counted = self._subscription.name, not self._subscription.is_broadcast
        if is_counted:
            async with self._begin(read_only=True) as uow:
                if await was_recorded(uow.session, name, message):
                    raise DuplicateMessageError(message.id)
        await self._call(event, message, None)
        if is_counted:
            async with self._begin() as uow:
                await record_message(uow.session, name, message)
# {% endif %}
# {% if cookiecutter.database == "none" %}

    async def __call__(self, event: Event, message: Envelope) -> None:
        """Handle the event; it is done unless this raises."""
        with self._watchdog.limit():
            async with self._begin() as uow:
                await self._call(event, message, uow)
        self._log(message)
# {% endif %}

    async def _call(self, event: Event, message: Envelope, uow: UnitOfWork | None) -> None:
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
# {% if cookiecutter.database != "none" %}


def begins_itself(function: Any) -> bool:
    """Tell whether a handler has no transaction around it, but begins units of work itself."""
    kinds = read_parameters(function).values()
    return UnitOfWorkFactory in kinds and UnitOfWork not in kinds
# {% endif %}
