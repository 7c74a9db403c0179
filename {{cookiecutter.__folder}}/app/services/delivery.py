"""Delivery: a message that arrived is handled, tried again, or put aside; never lost."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from app.core.message_metrics import SubscriptionSeries
from app.core.message_spans import trace_delivery
from app.core.tracing import fail_span, note_error
from app.services.decoding import UndeliverableError, decode
from app.services.handling import Handling
from app.services.outage import Outage
from app.utils.broker_errors import MessageRefusedError
from app.utils.consumer import Subscription
from app.utils.container import Container
from app.utils.dead_letter import Reason, mark_dead
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.topology import Group

logger = Logger(__name__)

# The second attempt is made at once, the third after the first step of the ladder.
AT_ONCE = 2


class Delivery:
    """Bring each message of one subscription to its end.

    A handler that fails is tried again at once, then by its group's ladder; after the last
    attempt, and at once if it cannot be read, the message is a dead letter. When a server that
    the handler needs does not answer, the subscription waits, which costs no attempt.
    """

    def __init__(self, subscription: Subscription, group: Group, opened: Container) -> None:
        """Check at once that everything the handler asks for is there."""
        self._subscription = subscription
        self._group = group
        self._broker = opened[MessageBroker]
        self._handling = Handling(subscription, opened)
        self._outage = Outage(subscription.name)
        self._names_all = True
        self._series = SubscriptionSeries(subscription.name)

    async def __call__(self, incoming: Incoming) -> None:
        """Return when the message was handled, or is safe elsewhere."""
        with trace_delivery(self._broker, incoming.message, self._group.name):
            if self._names_all and not incoming.message.id:
                self._names_all = False
                self._log_nameless(incoming)
            try:
                event = decode(incoming.message, self._subscription.event)
            except UndeliverableError as error:
                await self._bury(incoming, Reason.UNREADABLE, error)
            else:
                await self._deliver(incoming, event)

    async def _deliver(self, incoming: Incoming, event: Event) -> None:
        message, policy = incoming.message, self._subscription.retry
        attempt = message.attempt + incoming.deaths
        if attempt > policy.attempts:
            dead = replace(incoming, message=replace(message, attempt=attempt - 1))
            return await self._bury(dead, Reason.DIED, None)
        while True:
            failure = await self._attempt(event, message)
            if failure is None:
                return None
            note_error(failure, attempt=attempt)
            self._log_failure(message, attempt, failure)
            if attempt >= policy.attempts:
                dead = replace(incoming, message=replace(message, attempt=attempt))
                return await self._bury(dead, Reason.FAILED, failure)
            attempt += 1
            if attempt <= AT_ONCE:
                self._series.failed.inc()
                continue
            step = attempt - AT_ONCE - 1
            if self._group.is_ordered or self._subscription.is_broadcast:
                self._series.failed.inc()
                await asyncio.sleep(policy.ladder[min(step, len(policy.ladder) - 1)])
                continue
            try:
                await self._send(self._group.rung(step), message.move(attempt))
                return self._series.retried.inc()
            except MessageRefusedError:
                # It came from elsewhere, and is larger than we may send.
                return await self._bury(incoming, Reason.FAILED, failure)

    async def _attempt(self, event: Event, message: Envelope) -> Exception | None:
        """Return why the handler failed, if it did; wait as long as its servers do not answer."""
        try:
            await self._outage.outlast(partial(self._handling, event, message))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its failure
            return error
        return None

    async def _send(self, place: str, message: Envelope) -> None:
        await self._outage.outlast(partial(self._broker.send, place, message))

    async def _bury(self, incoming: Incoming, reason: Reason, error: Exception | None) -> None:
        fail_span(reason.value)
        message = mark_dead(incoming, reason, error)
        self._series.dead.inc()
        logger.error(
            "message put aside",
            group=self._group.name,
            id=message.id,
            reason=reason.value,
            error=repr(error),
        )
        if self._subscription.is_broadcast:
            return
        self._series.count_dead_letter(reason)
        try:
            await self._send(self._group.dead, message)
        except MessageRefusedError:
            # With what it says of its end it is too large; its origin tells where its body is.
            with suppress(MessageRefusedError):
                await self._send(self._group.dead, replace(message, body=b""))

    def _log_nameless(self, incoming: Incoming) -> None:
        # Once, because a sender without ids has none for any message.
        logger.warning(
            "messages without id: each delivery counts",
            handler=self._subscription.name,
            topic=incoming.message.topic,
            source=incoming.message.source,
        )

    def _log_failure(self, message: Envelope, attempt: int, failure: Exception) -> None:
        logger.warning(
            "handler failed",
            handler=self._subscription.name,
            id=message.id,
            attempt=attempt,
            error=repr(failure),
        )
