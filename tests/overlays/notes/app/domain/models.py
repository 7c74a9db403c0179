"""The tables of the note service."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId


class Note(Base):
    """A note and how many have read it."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(String(200))
    readers: Mapped[int] = mapped_column(default=0)
