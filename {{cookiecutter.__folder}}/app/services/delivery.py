"""Delivery: a message that arrived is handled, tried again, or put aside; never lost."""

import asyncio
from dataclasses import replace
from functools import partial

from app.core.message_metrics import SubscriptionSeries
from app.core.message_spans import trace_delivery
from app.core.tracing import fail_span, note_error
from app.services.decoding import UndeliverableError, decode
from app.services.handling import Handling
from app.services.outage import Outage
from app.utils.background import stray_cancellation_fails
from app.utils.broker_errors import DeadLetterRefusedError, MessageRefusedError
from app.utils.consumer import Subscription, is_rejection
from app.utils.container import Container
from app.utils.dead_letter import (
    MAX_RETRY_ERROR,
    PREFIX,
    Reason,
    describe_error,
    list_trimmed,
    mark_dead,
)
from app.utils.envelope import Envelope
from app.utils.logger import Logger
from app.utils.message_broker import Event, Incoming, MessageBroker
from app.utils.topology import Group
from app.utils.turns import HandedBackError, at_rest

logger = Logger(__name__)

# The second attempt is made at once, the third after the first step of the ladder.
AT_ONCE = 2


class Delivery:
    """Bring each message of one subscription to its end.

    A handler that fails is tried again at once, then by its group's ladder; after the last
    attempt, and at once if it cannot be read or is rejected, the message is a dead letter. When a
    server that the handler needs does not answer, the subscription waits, which costs no attempt.
    """

    def __init__(self, subscription: Subscription, group: Group, opened: Container) -> None:
        """Check at once that everything the handler asks for is there."""
        self._subscription = subscription
        self._group = group
        self._broker = opened[MessageBroker]
        self._handling = Handling(subscription, opened)
        self._outage = Outage(subscription.name, opened)
        self._names_all = True
        # A log hands a message over again where it is, one for each partition; a queue moves it.
        self._comes_again = self._broker.capabilities.replays
        self._held: dict[str, tuple[Reason, Envelope]] = {}
        self._series = SubscriptionSeries(subscription.name)

    async def __call__(self, incoming: Incoming) -> None:
        """Return when the message was handled, or is safe elsewhere.

        Raises DeadLetterRefusedError when it cannot be put aside, not even with fewer headers.
        """
        with trace_delivery(self._broker, incoming.message, self._group.name):
            if held := self._find_held(incoming):
                # It was at its end before: its handler is not called again.
                return await self._put_aside(incoming, *held)
            if self._names_all and not incoming.message.id:
                self._names_all = False
                self._log_nameless(incoming)
            try:
                event = decode(incoming.message, self._subscription.event)
            except UndeliverableError as error:
                attempt = incoming.message.attempt
                return await self._bury(incoming, attempt, Reason.UNREADABLE, error)
            return await self._deliver(incoming, event)

    async def _deliver(self, incoming: Incoming, event: Event) -> None:
        message, policy = incoming.message, self._subscription.retry
        attempt = message.attempt + incoming.deaths
        if attempt > policy.attempts:
            # Its attempts were used up before it came if the policy allowed more of them then.
            used_up = message.attempt > policy.attempts
            reason = Reason.EXHAUSTED if used_up else Reason.DIED
            return await self._bury(incoming, attempt - 1, reason, None)
        first, outages = attempt, incoming.outages
        while True:
            try:
                failure = await self._attempt(event, message, attempt, outages)
            except HandedBackError as back:
                back.attempts = attempt - first
                raise
            if failure is None:
                return None
            note_error(failure, attempt=attempt)
            if is_rejection(failure):
                return await self._bury(incoming, attempt, Reason.REJECTED, failure)
            if attempt >= policy.attempts:
                return await self._bury(incoming, attempt, Reason.FAILED, failure)
            attempt, outages = attempt + 1, 0
            if attempt <= AT_ONCE:
                self._series.failed.inc()
                continue
            step = attempt - AT_ONCE - 1
            if self._group.is_ordered or self._subscription.is_broadcast:
                self._series.failed.inc()
                async with at_rest():
                    await asyncio.sleep(policy.ladder[min(step, len(policy.ladder) - 1)])
                continue
            try:
                why = describe_error(failure, MAX_RETRY_ERROR)
                moved = message.move(attempt).with_headers(retry_error=why)
                await self._send(self._group.rung(step), moved)
                return self._series.retried.inc()
            except MessageRefusedError:
                # It came from elsewhere, and is larger than we may send.
                return await self._bury(incoming, attempt - 1, Reason.FAILED, failure)

    async def _attempt(
        self, event: Event, message: Envelope, attempt: int, outages: int
    ) -> Exception | None:
        """Return why the handler failed, if it did; wait as long as its servers do not answer."""
        try:
            with stray_cancellation_fails():
                await self._outage.outlast(partial(self._handling, event, message), outages=outages)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its failure
            self._log_failure(message, attempt, error)
            return error
        return None

    async def _send(self, place: str, message: Envelope) -> None:
        await self._outage.outlast(partial(self._broker.send, place, message), insist=True)

    async def _bury(
        self, incoming: Incoming, attempt: int, reason: Reason, error: Exception | None
    ) -> None:
        fail_span(reason.value)
        dead = replace(incoming, message=replace(incoming.message, attempt=attempt))
        letter = mark_dead(dead, reason, error)
        if not self._subscription.is_broadcast:
            return await self._put_aside(incoming, reason, letter)
        self._series.dead.inc()
        return self._log_end("message dropped", letter)

    async def _put_aside(self, incoming: Incoming, reason: Reason, letter: Envelope) -> None:
        """Return when the dead letter is in its place, with as many headers as that takes."""
        is_first = incoming.origin not in self._held
        if self._comes_again:
            self._held[incoming.origin] = reason, letter
        refusal: MessageRefusedError | None = None
        for trimmed in list_trimmed(letter):
            try:
                await self._send(self._group.dead, trimmed)
            except MessageRefusedError as error:
                refusal = error
                continue
            except asyncio.CancelledError:
                # Whoever gets it next may be another process, which brings it to its end itself.
                self._held.pop(incoming.origin, None)
                raise
            self._held.pop(incoming.origin, None)
            self._series.dead.inc()
            self._series.count_dead_letter(reason)
            return self._log_end("message put aside", trimmed)
        self._series.held.inc()
        if is_first:
            self._log_end("message stays, its dead letter is refused", letter, refusal=str(refusal))
        raise DeadLetterRefusedError(f"{self._group.dead}: {refusal}") from refusal

    def _find_held(self, incoming: Incoming) -> tuple[Reason, Envelope] | None:
        """Return the end of a message that comes again, and not of another in its place."""
        held = self._held.get(incoming.origin)
        if held is None:
            return None
        message, (_, letter) = incoming.message, held
        if (letter.source, letter.id) == (message.source, message.id):
            return held
        # The topic was made again, or its records are others.
        del self._held[incoming.origin]
        return None

    def _log_end(self, what: str, letter: Envelope, **more: str) -> None:
        told = ("reason", "error", "frames", "origin", "trimmed")
        end = {name: letter.headers.get(f"{PREFIX}{name}") for name in told}
        known = {name: text for name, text in end.items() if text}
        logger.error(what, group=self._group.name, id=letter.id, **known, **more)

    def _log_nameless(self, incoming: Incoming) -> None:
        # Once, because a sender without ids has none for any message.
        logger.warning(
            "messages without id: each delivery counts",
            handler=self._subscription.name,
            topic=incoming.message.topic,
            source=incoming.message.source,
        )

    def _log_failure(self, message: Envelope, attempt: int, failure: Exception) -> None:
        """Log a failure while it is being handled; the first and the last with its traceback."""
        is_told = attempt in (1, self._subscription.retry.attempts) and not is_rejection(failure)
        logger.warning(
            "handler failed",
            exc_info=is_told,
            handler=self._subscription.name,
            id=message.id,
            attempt=attempt,
            error=describe_error(failure),
        )
