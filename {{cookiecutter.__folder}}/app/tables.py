"""The tables that the template brings: what it sends, has handled, has answered and is due."""

# {% if cookiecutter.broker != "none" %}
import random
# {% endif %}
from datetime import datetime
# {% if cookiecutter.broker != "none" %}
from enum import StrEnum
from typing import Any
from zlib import crc32

# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
from sqlalchemy import JSON, Index, String
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from sqlalchemy import JSON, BigInteger, Index, String
# {% endif %}
# {% if cookiecutter.broker == "none" %}

# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api" %}
from sqlalchemy import JSON
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api-and-worker" %}
from sqlalchemy import JSON, BigInteger, String
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}
from sqlalchemy import BigInteger, String
# {% endif %}
from sqlalchemy.orm import Mapped, mapped_column

# {% if cookiecutter.broker != "none" %}
from app.database import Base, BigId, Digest, ExactString, LongBinary
from app.utils.clock import now
from app.utils.envelope import STATE_HEADER, Envelope
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api" %}
from app.database import Base, Digest, LongBinary
from app.utils.clock import now
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api-and-worker" %}
from app.database import Base, Digest, ExactString, LongBinary
from app.utils.clock import now
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}
from app.database import Base, ExactString
# {% endif %}
# {% if cookiecutter.broker != "none" %}

SHARDS = 16
"""In how many parts relays share the outbox; a migration makes a row for each in outbox_shards."""


class OutboxState(StrEnum):
    """What is to become of a message in the outbox."""

    WAITING = "waiting"
    """It is published next."""
    PUT_OFF = "put off"
    """The broker does not take its topic now; it waits until the broker does."""
    FAILED = "failed"
    """The broker will never take it; somebody has to look."""


class OutboxShard(Base):
    """A part of the outbox; the relay that has locked the row publishes its messages."""

    __tablename__ = "outbox_shards"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deferred: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """The topics that the broker does not take now, with a `Deferral` of each; their messages
    here are put off."""


class OutboxMessage(Base):
    """A message written with the change that it tells of, until the relay has published it."""

    __tablename__ = "outbox"
    # Whatever waits, is put off or has failed: the oldest that wait are one range of it.
    __table_args__ = (Index(None, "state", "shard", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36))
    topic: Mapped[str] = mapped_column(ExactString(255))
    key: Mapped[str | None] = mapped_column(ExactString(255))
    body: Mapped[bytes] = mapped_column(LongBinary)
    source: Mapped[str] = mapped_column(String(255))
    time: Mapped[datetime]
    traceparent: Mapped[str | None] = mapped_column(String(55))
    # As long as it may be: whatever is longer is no part of the trace.
    tracestate: Mapped[str | None] = mapped_column(String(512))
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
            tracestate=message.tracestate or None,
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
            headers={STATE_HEADER: self.tracestate} if self.tracestate else {},
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

    subscription: Mapped[str] = mapped_column(ExactString(128), primary_key=True)
    message: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    """A digest of the message's source and id."""
    received_at: Mapped[datetime] = mapped_column(default=now, index=True)
    reply: Mapped[bytes | None] = mapped_column(LongBinary)
    """What a request was answered with, for when it comes again."""
# {% endif %}
# {% if cookiecutter.interface != "api" %}


class JobSchedule(Base):
    """When a job runs next, and until when a process has it to itself."""

    __tablename__ = "job_schedule"

    name: Mapped[str] = mapped_column(ExactString(128), primary_key=True)
    schedule: Mapped[str] = mapped_column(String(255))
    """The schedule that the next run was planned by, as text."""
    next_run_at: Mapped[datetime]
    retry_at: Mapped[datetime | None]
    """When the last run is tried again."""
    requested_at: Mapped[datetime | None]
    """Since when somebody has wanted a run besides those that are planned."""
    paused_at: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(BigInteger, default=0)
    """Counts the runs: the last one's. Whoever has a smaller one records nothing more."""
    lease_until: Mapped[datetime | None]
    """While a run goes on: until when no other process takes the job."""


class JobRun(Base):
    """An attempt to run a job, of the last ones."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(ExactString(128), primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    planned_at: Mapped[datetime]
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(11))
    holder: Mapped[str] = mapped_column(String(255))
    """The host and the process that ran it."""
    error: Mapped[str | None] = mapped_column(String(500))
# {% endif %}
# {% if cookiecutter.interface != "worker" %}


class KeptAnswer(Base):
    """The answer to a request with an Idempotency-Key, for when the request comes again."""

    __tablename__ = "kept_answers"

    key: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    """A digest of the key and of who used it for what."""
    request: Mapped[bytes] = mapped_column(Digest)
    """A digest of what was asked."""
    status: Mapped[int]
    headers: Mapped[list[tuple[str, str]]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LongBinary)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
# {% endif %}
