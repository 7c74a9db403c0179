"""The tables of this service."""

from datetime import datetime
# {% if cookiecutter.interface != "worker" %}
from uuid import UUID
# {% endif %}

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId, now
# {% if cookiecutter.interface != "worker" %}


class Item(Base):
    """Something that clients create."""

    __tablename__ = "items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
# {% endif %}


class Activity(Base):
    """One line of the record of what went on."""

    __tablename__ = "activities"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(100))
    recorded_at: Mapped[datetime] = mapped_column(default=now)
