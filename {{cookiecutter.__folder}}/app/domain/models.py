"""The tables of this service."""

from datetime import datetime
# {% if cookiecutter.interface != "worker" %}
from uuid import UUID
# {% endif %}

# {% if cookiecutter.interface != "worker" %}
from sqlalchemy import Index, String
# {% endif %}
# {% if cookiecutter.interface == "worker" %}
from sqlalchemy import String
# {% endif %}
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId
from app.utils.clock import now
# {% if cookiecutter.interface != "worker" %}


class Item(Base):
    """Something that clients create."""

    __tablename__ = "items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column()

    # Raised at every change: of two that change the same version, the second one fails.
    __mapper_args__ = {"version_id_col": version}
    # One for each order in which items are listed; the id tells equals apart.
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "name", "id"))
# {% endif %}


class Activity(Base):
    """One line of the record of what went on."""

    __tablename__ = "activities"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(100))
    recorded_at: Mapped[datetime] = mapped_column(default=now)
