"""A dead letter: a message that was put aside, with what is known of its end."""

from dataclasses import replace
from enum import StrEnum
from uuid import uuid4

from app.utils.clock import now
from app.utils.envelope import Envelope
from app.utils.message_broker import Incoming

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
