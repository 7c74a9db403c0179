"""The tables that the template brings: what it sends, has handled, has answered and is due."""

# {% if cookiecutter.broker != "none" %}
import random
# {% endif %}
from datetime import datetime
# {% if cookiecutter.broker != "none" %}
from enum import StrEnum
from zlib import crc32

from sqlalchemy import JSON, Index, String
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}

from sqlalchemy import String
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface != "worker" %}

from sqlalchemy import JSON, String
# {% endif %}
from sqlalchemy.orm import Mapped, mapped_column

# {% if cookiecutter.broker != "none" %}
from app.database import Base, BigId, LongBinary
from app.utils.clock import now
from app.utils.envelope import Envelope
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface != "worker" %}
from app.database import Base, LongBinary
from app.utils.clock import now
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}
from app.database import Base
# {% endif %}
# {% if cookiecutter.broker != "none" %}

SHARDS = 16
"""In how many parts relays share the outbox; a migration makes a row for each in outbox_shards."""


class OutboxState(StrEnum):
    """What is to become of a message in the outbox."""

    WAITING = "waiting"
    """It is published next."""
    PUT_OFF = "put off"
    """Nobody listens to its topic; it waits until somebody does."""
    FAILED = "failed"
    """The broker will never take it; somebody has to look."""


class OutboxShard(Base):
    """A part of the outbox; the relay that has locked the row publishes its messages."""

    __tablename__ = "outbox_shards"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    silent_topics: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The topics that nobody listens to; their messages here are put off."""
    retry_at: Mapped[datetime | None]
    """When to try them again."""


class OutboxMessage(Base):
    """A message written with the change that it tells of, until the relay has published it."""

    __tablename__ = "outbox"
    # Whatever waits, is put off or has failed: the oldest that wait are one range of it.
    __table_args__ = (Index(None, "state", "shard", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36))
    topic: Mapped[str] = mapped_column(String(255))
    key: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LongBinary)
    source: Mapped[str] = mapped_column(String(255))
    time: Mapped[datetime]
    traceparent: Mapped[str | None] = mapped_column(String(55))
    shard: Mapped[int]
    state: Mapped[str] = mapped_column(String(7), default=OutboxState.WAITING)
    error: Mapped[str | None] = mapped_column(String(500))

    @classmethod
    def from_envelope(cls, message: Envelope) -> "OutboxMessage":
        """Return the row of a message."""
        return cls(
            message_id=message.id,
            topic=message.topic,
            key=message.key,
            body=message.body,
            source=message.source,
            time=message.time,
            traceparent=message.traceparent,
            shard=choose_shard(message.key),
        )

    def to_envelope(self) -> Envelope:
        """Return the message of the row."""
        return Envelope(
            id=self.message_id,
            topic=self.topic,
            key=self.key,
            body=self.body,
            source=self.source,
            time=self.time,
            traceparent=self.traceparent,
        )


def choose_shard(key: str | None) -> int:
    """Return the shard of a key, the same in every process, or any for what has no order."""
    if key is None:
        return random.randrange(SHARDS)  # noqa: S311 - no secret
    return crc32(key.encode()) % SHARDS
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}


class InboxMessage(Base):
    """A message that a subscription has handled; the key makes a second time impossible."""

    __tablename__ = "inbox"

    subscription: Mapped[str] = mapped_column(String(128), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(default=now, index=True)
    reply: Mapped[bytes | None] = mapped_column(LongBinary)
    """What a request was answered with, for when it comes again."""
# {% endif %}
# {% if cookiecutter.interface != "api" %}


class JobSchedule(Base):
    """When a periodic job runs next; whoever moves the moment on runs it."""

    __tablename__ = "job_schedule"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    next_run_at: Mapped[datetime]
# {% endif %}
# {% if cookiecutter.interface != "worker" %}


class KeptAnswer(Base):
    """The answer to a request with an Idempotency-Key, for when the request comes again."""

    __tablename__ = "kept_answers"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A hash of the key and of who used it for what."""
    request: Mapped[str] = mapped_column(String(64))
    """A hash of what was asked."""
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LongBinary)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
# {% endif %}
