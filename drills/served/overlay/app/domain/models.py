"""The tables of the order service."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId
from app.utils.clock import now


class Order(Base):
    """What a client has ordered."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    behaviour: Mapped[str] = mapped_column(String(20))


class Effect(Base):
    """What a handler did; nothing keeps it from doing it twice but what the drills examine."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(BigId)
    step: Mapped[str] = mapped_column(String(20))
    happened_at: Mapped[datetime] = mapped_column(default=now)
