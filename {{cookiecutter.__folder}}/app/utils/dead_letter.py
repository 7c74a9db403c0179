"""A dead letter: a message that was put aside, with what is known of its end."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from uuid import uuid4

from app.utils.clock import now
from app.utils.dead_letter_frames import describe_frames
from app.utils.envelope import TOPIC_HEADER, Envelope
from app.utils.message_broker import Incoming

PREFIX = "dead-letter-"
OWN_HEADERS = {
    TOPIC_HEADER,
    *(f"{PREFIX}{name}" for name in ("reason", "error", "frames", "attempts", "origin", "time")),
}
"""What is said of its end; all else, such as what looks like it, the message brought."""
RETRY_ERROR_HEADER = "retry-error"
"""Why the attempt before failed, while a message waits for the next one."""
MAX_ERROR = 1000
MAX_RETRY_ERROR = 300
# Of the headers that a message brought, when a broker refuses them all.
KEPT_HEADER_BYTES = 16 * 1024
MAX_TRIMMED = 1000
MAX_NAME = 100


class Reason(StrEnum):
    """Why a message was put aside."""

    FAILED = "failed"
    """Its handler failed at every attempt."""
    REJECTED = "rejected"
    """Its handler raised RejectMessageError."""
    UNREADABLE = "unreadable"
    """It is not what its subscription expects."""
    EXHAUSTED = "exhausted"
    """It had failed as often as its policy now allows before it came: the policy allowed more."""
    DIED = "died"
    """The process died at every attempt, or lost its connection."""


def mark_dead(incoming: Incoming, reason: Reason, error: Exception | None) -> Envelope:
    """Return the message with what is known of its end."""
    message = incoming.message
    headers = dict(message.headers)
    earlier = headers.pop(RETRY_ERROR_HEADER, "")
    moved = replace(message, headers=headers).move(message.attempt)
    return moved.with_headers(
        dead_letter_reason=reason.value,
        dead_letter_error=describe_error(error) if error else earlier[:MAX_ERROR],
        dead_letter_frames=describe_frames(error) if error else "",
        dead_letter_attempts=str(message.attempt),
        dead_letter_origin=incoming.origin,
        dead_letter_time=now().isoformat(timespec="seconds"),
    )


def describe_error(error: BaseException, longest: int = MAX_ERROR) -> str:
    """Return one line about an error, whatever it is: also one that cannot be shown or encoded."""
    try:
        text = repr(error)
    except Exception:  # noqa: BLE001 - the error of an error must not keep the message from its end
        text = type(error).__qualname__
    return " ".join(text.split()).encode("utf-8", "backslashreplace").decode()[:longest]


def list_trimmed(letter: Envelope) -> Iterator[Envelope]:
    """Yield the dead letter, then with ever fewer of the headers that it brought.

    What was left out is named in a header. The body and what it is known by are never touched.
    """
    yield letter
    own = {name: text for name, text in letter.headers.items() if name in OWN_HEADERS}
    brought = {name: text for name, text in letter.headers.items() if name not in own}
    kept, room = dict[str, str](), KEPT_HEADER_BYTES
    for name, text in sorted(brought.items(), key=count_bytes):
        room -= count_bytes((name, text))
        if room >= 0:
            kept[name] = text
    for fewer in (kept, {}):
        left_out = {name: text for name, text in brought.items() if name not in fewer}
        if left_out:
            yield replace(letter, headers={**fewer, **own}).with_headers(
                dead_letter_trimmed=name_headers(left_out)
            )


def count_bytes(header: tuple[str, str]) -> int:
    """Return how long a header is on the wire."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in header)


def name_headers(headers: Mapping[str, str]) -> str:
    """Return the names of headers with their sizes, the largest first, as far as there is room."""
    sizes = sorted(((count_bytes(each), each[0]) for each in headers.items()), reverse=True)
    names = [
        f"{name[:MAX_NAME].encode('ascii', 'backslashreplace').decode()} ({size} bytes)"
        for size, name in sizes
    ]
    text = f"{len(names)}: {', '.join(names)}"
    return text if len(text) <= MAX_TRIMMED else f"{text[:MAX_TRIMMED]}..."


def revive(message: Envelope, *, as_new: bool) -> Envelope:
    """Return the message as it was before it was put aside; `as_new` with another id."""
    headers = {
        name: value for name, value in message.headers.items() if not name.startswith(PREFIX)
    }
    revived = replace(message, headers=headers, attempt=1)
    return replace(revived, id=str(uuid4())) if as_new else revived
