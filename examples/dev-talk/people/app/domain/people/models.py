"""The tables of people: what auth has told of its users so far."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, ExactString
from app.utils.clock import now

LONGEST_NAME = 255


class Person(Base):
    """A user of the system."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Not unique: of two users who swap names, the second may be heard of first.
    username: Mapped[str] = mapped_column(ExactString(LONGEST_NAME), index=True)
    bio: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    """Which change of the user brought this profile."""
    heard_at: Mapped[datetime] = mapped_column(default=now)


class Following(Base):
    """Whether somebody follows somebody; it stays when that ends, so that nothing old counts."""

    __tablename__ = "followings"

    follower_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    followed_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    is_active: Mapped[bool]
    version: Mapped[int] = mapped_column(BigInteger)
    """Which change of the follower this was."""


class Hearing(Base):
    """Which changes of a user have been heard of: topics overtake each other."""

    __tablename__ = "hearings"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    """All changes up to this one have been heard of."""
    ahead: Mapped[list[int]] = mapped_column(JSON, default=list)
    """Those beyond it that have been heard of too."""
