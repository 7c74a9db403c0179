"""Consumption: every subscription of the service is served while a block runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
# {% if cookiecutter.database != "none" %}
from datetime import timedelta
# {% endif %}
from functools import partial

from app.core.config import CoreSettings
from app.core.drain import left_of
from app.core.errors import StartupError
# {% if cookiecutter.database != "none" %}
from app.database import BEGIN_ITSELF, Database
# {% endif %}
from app.services.answering import Answering
from app.services.connection import Connection
from app.services.delivery import Delivery
# {% if cookiecutter.database != "none" %}
from app.services.handling import begins_itself
# {% endif %}
from app.utils.background import run_in_background
from app.utils.broker_errors import BrokerError, BrokerRefusedError, BrokerUnavailableError
from app.utils.consumer import Consumer, Subscription
from app.utils.container import Container
from app.utils.logger import Logger
from app.utils.message_broker import MessageBroker

logger = Logger(__name__)

PAUSE_SECONDS = 5.0


@asynccontextmanager
async def run_consumer(consumer: Consumer, opened: Container) -> AsyncIterator[None]:
    """Consume while the block runs, from when the broker answers; finish what is in flight.

    Readiness fails until every subscription was started, unless the process can do without the
    broker. What is not finished within the grace period goes back to it. Raises StartupError for a
    subscription that this broker cannot serve.
    """
    broker, core = opened[MessageBroker], opened[CoreSettings]
    starts = [prepare(each, opened) for each in consumer.subscriptions]
    for each in consumer.answerers:
        group = each.make_group(core.service.name)
        # {% if cookiecutter.database != "none" %}
        opened[Database].check_timeout(each.name, each.timeout)
        # {% endif %}
        starts.append(partial(broker.answer, group, Answering(each, opened)))

    async def subscribe(start: Callable[[], Awaitable[None]]) -> None:
        await opened[Connection].made.wait()
        await keep_trying(start)
        subscriptions.waiting -= 1

    try:
        if opened[Connection].made.is_set():
            starts = [start for start in starts if not await try_to_start(start)]
        subscriptions = Subscriptions(len(starts))
        if starts:
            opened.add(Subscriptions, subscriptions)
            if MessageBroker.__name__ in opened.optional:
                opened.spare(Subscriptions)
        # Each for itself: one that the broker refuses holds up no other.
        async with run_in_background(*map(subscribe, starts)):
            yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(left_of(core.process.grace_seconds)):
                await broker.pause()


class Subscriptions:
    """Tells readiness whether every subscription of this process was started."""

    def __init__(self, waiting: int) -> None:
        """Wait for so many."""
        self.waiting = waiting

    async def ping(self) -> None:
        """Raise BrokerUnavailableError until all were started."""
        if self.waiting:
            raise BrokerUnavailableError(f"subscriptions not started: {self.waiting}")

    async def probe(self) -> None:
        """Answer: no subscription waits for another."""


async def try_to_start(start: Callable[[], Awaitable[None]]) -> bool:
    """Start a subscription; tell whether that worked.

    Raises StartupError, one sentence, when it will not work the next time either.
    """
    try:
        await start()
    except BrokerRefusedError as error:
        raise StartupError(f"BROKER_URL: {error}") from error
    except BrokerError as error:
        logger.failure("subscription not started", error, error=str(error))
        return False
    return True


async def keep_trying(start: Callable[[], Awaitable[None]]) -> None:
    """Start a subscription, however often it takes."""
    while True:
        try:
            return await start()
        except BrokerError as error:
            logger.failure("subscription not started", error, error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)


def prepare(subscription: Subscription, opened: Container) -> Callable[[], Awaitable[None]]:
    """Return what starts the subscription; raises StartupError for what the broker cannot do."""
    broker = opened[MessageBroker]
    group = subscription.make_group(opened[CoreSettings].service.name)
    if subscription.is_ordered and not broker.capabilities.keeps_order:
        raise StartupError(
            f"BROKER_URL: {subscription.name} is ordered, and this broker keeps no order: "
            "choose another, or let the handler do without"
        )
    # {% if cookiecutter.database != "none" %}
    kept = group.topic.topology.retention
    known = timedelta(days=opened[CoreSettings].inbox.days)
    if known <= kept and not subscription.is_broadcast:
        raise StartupError(
            f"INBOX_DAYS: {known.days} is not more than the {kept / timedelta(days=1):g} days that "
            f"{group.topic.name} keeps messages: raise it, or one could count twice"
        )
    if not begins_itself(subscription.handler):
        timeout = subscription.retry.timeout
        opened[Database].check_timeout(subscription.name, timeout, BEGIN_ITSELF)
    # {% endif %}
    delivery = Delivery(subscription, group, opened)
    if subscription.is_broadcast:
        return partial(broker.listen, group.topic, delivery)
    return partial(broker.subscribe, group, delivery)
