"""Dead letters: messages that were put aside, with what is known of their end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import uuid4

from app.utils.clock import now
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming, MessageBroker
from app.utils.topology import Group

PREFIX = "dead-letter-"
MAX_ERROR = 1000


class Reason(StrEnum):
    """Why a message was put aside."""

    FAILED = "failed"
    """Its handler failed at every attempt."""
    UNREADABLE = "unreadable"
    """It is not what its subscription expects."""
    DIED = "died"
    """The process died at every attempt, or lost its connection."""


def mark_dead(incoming: Incoming, reason: Reason, error: Exception | None) -> Envelope:
    """Return the message with what is known of its end."""
    message = incoming.message
    return message.move(message.attempt).with_headers(
        dead_letter_reason=reason.value,
        dead_letter_error=" ".join(repr(error).split())[:MAX_ERROR] if error else "",
        dead_letter_attempts=str(message.attempt),
        dead_letter_origin=incoming.origin,
        dead_letter_time=now().isoformat(timespec="seconds"),
    )


def revive(message: Envelope, *, as_new: bool) -> Envelope:
    """Return the message as it was before it was put aside; `as_new` with another id."""
    headers = {
        name: value for name, value in message.headers.items() if not name.startswith(PREFIX)
    }
    revived = replace(message, headers=headers, attempt=1)
    return replace(revived, id=str(uuid4())) if as_new else revived


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """The dead letters of one group."""

    broker: MessageBroker
    group: Group

    async def replay(self, choose: Callable[[Envelope], bool], *, as_new: bool = False) -> int:
        """Hand the chosen messages to the group again, and to no other; return how many.

        They keep their ids, so that what was handled after all is not handled twice; `as_new`
        gives them others.
        """
        replayed = 0

        async def keep(message: Envelope) -> bool:
            nonlocal replayed
            if not choose(message):
                return True
            await self.broker.send(self.group.rung(0), revive(message, as_new=as_new))
            replayed += 1
            return False

        await self.broker.sift(self.group.dead, keep)
        return replayed

    async def purge(self, choose: Callable[[Envelope], bool]) -> int:
        """Delete the chosen messages for good; return how many."""
        purged = 0

        async def keep(message: Envelope) -> bool:
            nonlocal purged
            purged += (chosen := choose(message))
            return not chosen

        await self.broker.sift(self.group.dead, keep)
        return purged
