"""A message as it travels: a JSON body and CloudEvents 1.0 attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from app.utils.clock import now

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message; `topic` is both where it is published and its CloudEvents type."""

    topic: str
    body: bytes
    source: str
    id: str = field(default_factory=lambda: str(uuid4()))
    time: datetime = field(default_factory=now)
    key: str | None = None
    traceparent: str | None = None

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
        return headers | ({"traceparent": self.traceparent} if self.traceparent else {})

    @classmethod
    def from_headers(
        cls, headers: Mapping[str, str], body: bytes, *, prefix: str, topic: str, fallback_id: str
    ) -> "Envelope":
        """Return a message that arrived.

        From a plain client, without these headers, the id is `fallback_id`: what the broker
        itself knows the message by.
        """
        return cls(
            topic=topic,
            body=body,
            source=headers.get(f"{prefix}source", "unknown"),
            id=headers.get(f"{prefix}id") or fallback_id,
            time=_parse_time(headers.get(f"{prefix}time")),
            key=headers.get(f"{prefix}partitionkey"),
            traceparent=headers.get("traceparent"),
        )


def _parse_time(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
