"""The tables of this service."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId, ExactString
from app.domain.events import Status
from app.utils.clock import now


class Task(Base):
    """A computation that somebody wants, and what has become of it."""

    __tablename__ = "tasks"

    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str | None] = mapped_column(ExactString(255), unique=True)
    """What whoever created it chose: the same request with the same key is the same task."""
    kind: Mapped[str] = mapped_column(String(50))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(10), default=Status.CREATED)
    progress: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """From when on anybody may take it: it waits, or whoever has it has not been heard of since."""
    token: Mapped[int] = mapped_column(default=0)
    """How often it was taken: whoever has an earlier number has lost it."""
    traceparent: Mapped[str | None] = mapped_column(String(55))
    """The trace of the request that started it."""

    # What is due first, and lists of one status.
    __table_args__ = (Index(None, "due_at", "number"), Index(None, "status", "number"))
