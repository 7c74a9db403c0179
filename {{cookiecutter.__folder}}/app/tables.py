"""The tables that the template brings: what it sends, has handled, has answered and is due."""

from datetime import datetime

# {% if cookiecutter.interface == "worker" %}
from sqlalchemy import String
# {% endif %}
# {% if cookiecutter.interface != "worker" %}
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


class OutboxMessage(Base):
    """A message written with the change that it tells of, until the relay has published it."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36))
    topic: Mapped[str] = mapped_column(String(255))
    key: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LongBinary)
    source: Mapped[str] = mapped_column(String(255))
    time: Mapped[datetime]
    traceparent: Mapped[str | None] = mapped_column(String(55))
    available_at: Mapped[datetime] = mapped_column(default=now, index=True)
    attempts: Mapped[int] = mapped_column(default=0)

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
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}


class InboxMessage(Base):
    """A message that a subscription has handled; the key makes a second time impossible."""

    __tablename__ = "inbox"

    subscription: Mapped[str] = mapped_column(String(128), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(default=now, index=True)
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
