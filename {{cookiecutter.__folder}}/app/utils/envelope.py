"""A message as it travels: its bytes and CloudEvents 1.0 attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from uuid import uuid4

from app.utils.clock import now

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
# Ours, beside those of CloudEvents: where a message that was moved belongs, and its next attempt.
TOPIC_HEADER = "retry-topic"
ATTEMPT_HEADER = "retry-attempt"


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
        attempt = headers.get(ATTEMPT_HEADER, "")
        return cls(
            topic=headers.get(TOPIC_HEADER, topic),
            body=body,
            source=headers.get(f"{prefix}source", "unknown"),
            id=headers.get(f"{prefix}id") or fallback_id,
            time=_parse_time(headers.get(f"{prefix}time")),
            key=headers.get(f"{prefix}partitionkey"),
            traceparent=headers.get("traceparent"),
            content_type=content_type or CONTENT_TYPE,
            attempt=int(attempt) if attempt.isdecimal() and attempt.isascii() else 1,
            headers={
                name: headers[name]
                for name in headers.keys() - list_attributes(prefix)
                if not name.startswith(prefix)
            },
        )

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


def _parse_time(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
