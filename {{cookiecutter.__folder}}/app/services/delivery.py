"""Delivery: from a message that arrived to a handler that has succeeded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pydantic import ValidationError

from app.core.config import CoreSettings
from app.core.tracing import follow_trace
# {% if cookiecutter.database != "none" %}
from app.services.inbox import DuplicateMessageError, record_message
# {% endif %}
from app.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.injection import check_parameters, pick_arguments, read_parameters
from app.utils.logger import Logger
from app.utils.message_broker import Consumer, Event, MessageBroker, Subscription

logger = Logger(__name__)


class UndeliverableError(ValueError):
    """The message is not what its subscription expects; trying again would not help."""


class Delivery:
    """Hand messages to one subscription's handler, each in a unit of work of its own."""

    def __init__(self, subscription: Subscription, opened: Container) -> None:
        """Check at once that everything the handler asks for is there."""
        self._subscription = subscription
        self._opened = opened
        self._begin = opened[UnitOfWorkFactory]
        self._parameters = read_parameters(subscription.handler)
        available = {*opened, subscription.event, UnitOfWork, Envelope}
        check_parameters(subscription.handler, available)

    async def __call__(self, message: Envelope) -> None:
        """Handle the message, trying as often as the subscription's policy says.

        Raises UndeliverableError for a message that cannot be read, and what the handler raised
        at the last attempt.
        """
        with follow_trace(message.traceparent):
            event = self._decode(message)
            policy = self._subscription.retry
            for attempt in range(1, policy.attempts):
                try:
                    await self._attempt(message, event)
                except Exception as error:  # noqa: BLE001 - whatever a handler raises, try again
                    delay = policy.first_delay * 2 ** (attempt - 1)
                    self._log_failure(message, attempt, error, delay)
                    await asyncio.sleep(delay)
                else:
                    return
            await self._attempt(message, event)

    def _decode(self, message: Envelope) -> Event:
        try:
            return self._subscription.event.model_validate_json(message.body)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise UndeliverableError(f"not a {message.topic}: {problems}") from error

    async def _attempt(self, message: Envelope, event: Event) -> None:
        # {% if cookiecutter.database != "none" %}
        try:
            async with asyncio.timeout(self._subscription.retry.timeout), self._begin() as uow:
                await record_message(uow.session, self._subscription.name, message.id)
                await self._call(message, event, uow)
        except DuplicateMessageError:
            logger.info("message seen before", id=message.id, handler=self._subscription.name)
            return
        # {% endif %}
        # {% if cookiecutter.database == "none" %}
        async with asyncio.timeout(self._subscription.retry.timeout), self._begin() as uow:
            await self._call(message, event, uow)
        # {% endif %}
        logger.info("event handled", topic=message.topic, handler=self._subscription.name)

    async def _call(self, message: Envelope, event: Event, uow: UnitOfWork) -> None:
        values: dict[type, object] = {
            **self._opened,
            self._subscription.event: event,
            UnitOfWork: uow,
            Envelope: message,
        }
        await self._subscription.handler(**pick_arguments(self._parameters, values))

    def _log_failure(self, message: Envelope, attempt: int, error: Exception, delay: float) -> None:
        logger.warning(
            "handler failed",
            handler=self._subscription.name,
            id=message.id,
            attempt=attempt,
            error=repr(error),
            again_in=delay,
        )


@asynccontextmanager
async def run_consumer(consumer: Consumer, opened: Container) -> AsyncIterator[None]:
    """Consume every subscription while the block runs, and finish what is in flight at its end.

    What is not finished within the grace period goes back to the broker.
    """
    broker = opened[MessageBroker]
    core = opened[CoreSettings]
    for each in consumer.subscriptions:
        delivery = Delivery(each, opened)
        await broker.subscribe(f"{core.service.name}.{each.name}", each.event.topic, delivery)
    try:
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(core.process.grace_seconds):
                await broker.pause()
