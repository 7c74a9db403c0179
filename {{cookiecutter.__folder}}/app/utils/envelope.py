"""A message as it travels: its bytes and CloudEvents 1.0 attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from uuid import uuid4

from app.utils.clock import now

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
# Ours, beside those of CloudEvents: where a message that was moved belongs, and its next attempt.
TOPIC_HEADER = "retry-topic"
ATTEMPT_HEADER = "retry-attempt"
STATE_HEADER = "tracestate"
MAX_DIGITS = 6


# Not frozen: to be made would take each message four times as long.
@dataclass(slots=True, kw_only=True)
class Envelope:
    """One message; `topic` is both where it is published and its CloudEvents type.

    Nobody changes one: `replace` makes another.
    """

    topic: str
    body: bytes
    source: str
    id: str = field(default_factory=lambda: str(uuid4()))
    time: datetime = field(default_factory=now)
    key: str | None = None
    traceparent: str | None = None
    content_type: str = CONTENT_TYPE
    attempt: int = 1
    """Which attempt to handle it comes next."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What it brought beside all this; it travels on with it."""

    def to_headers(self, prefix: str) -> dict[str, str]:
        """Return the attributes as headers, each behind the prefix of the protocol's binding."""
        attributes = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "type": self.topic,
            "source": self.source,
            "time": self.time.isoformat(),
            "partitionkey": self.key,
        }
        headers = {f"{prefix}{name}": value for name, value in attributes.items() if value}
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        if self.attempt > 1:
            headers[ATTEMPT_HEADER] = str(self.attempt)
        return {**self.headers, **headers} if self.headers else headers

    @classmethod
    def from_headers(
        cls,
        headers: Mapping[str, str],
        body: bytes,
        *,
        prefix: str,
        topic: str,
        fallback_id: str,
        content_type: str | None = None,
    ) -> "Envelope":
        """Return a message that arrived.

        From a plain client, without these headers, the id is `fallback_id`: what the broker
        itself knows the message by.
        """
        return cls(
            topic=headers.get(TOPIC_HEADER) or topic,
            body=body,
            # Empty ones are not sent on: the same message would be another one elsewhere.
            source=headers.get(f"{prefix}source") or "unknown",
            id=headers.get(f"{prefix}id") or fallback_id,
            time=_parse_time(headers.get(f"{prefix}time")),
            key=headers.get(f"{prefix}partitionkey") or None,
            traceparent=headers.get("traceparent"),
            content_type=content_type or CONTENT_TYPE,
            attempt=_parse_attempt(headers.get(ATTEMPT_HEADER)),
            headers={
                name: headers[name]
                for name in headers.keys() - list_attributes(prefix)
                if not name.startswith(prefix)
            },
        )

    @property
    def tracestate(self) -> str:
        """What the systems that its trace came through say of it; it may come from anybody."""
        return self.headers.get(STATE_HEADER, "")

    def with_trace(self, traceparent: str, tracestate: str) -> "Envelope":
        """Return the message as a part of a trace, at a place in it."""
        headers = self.headers
        if tracestate != self.tracestate:
            headers = {**headers, STATE_HEADER: tracestate}
            if not tracestate:
                del headers[STATE_HEADER]
        return replace(self, traceparent=traceparent, headers=headers)

    def with_headers(self, **headers: str) -> "Envelope":
        """Return the message with more headers, whose names are written with hyphens."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})

    def move(self, attempt: int) -> "Envelope":
        """Return the message for a place other than its topic, which it remembers."""
        headers = {**self.headers, TOPIC_HEADER: self.topic}
        return replace(self, attempt=attempt, headers=headers)


ATTRIBUTES = ("specversion", "id", "type", "source", "time", "partitionkey")
OWN_HEADERS = frozenset({"traceparent", "content-type", ATTEMPT_HEADER})


@cache
def list_attributes(prefix: str) -> frozenset[str]:
    """Return the headers that are read into the fields of a message."""
    return OWN_HEADERS | {f"{prefix}{name}" for name in ATTRIBUTES}


def read_text(data: bytes | bytearray) -> str:
    """Return bytes as text; those that are no text are shown, so that ids stay different."""
    return data.decode("utf-8", "backslashreplace")


def shorten(data: bytes, limit: int) -> str:
    """Return a text of at most so many bytes: what is not UTF-8 written out, the end as a digest.

    Different bytes become different texts.
    """
    written = read_text(data)
    # Each byte may be written out as four characters.
    if 4 * len(data) <= limit or len(written.encode()) <= limit:
        return written
    return f"{read_text(data[: (limit - 68) // 4])}...{sha256(data).hexdigest()}"


def _parse_attempt(text: str | None) -> int:
    # Whoever sends it may write anything there, such as more digits than an integer may have.
    is_number = text and text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS
    return max(1, int(text)) if text and is_number else 1


def _parse_time(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
