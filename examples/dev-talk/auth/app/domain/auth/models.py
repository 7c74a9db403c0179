"""The tables of the users' part."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId, ExactString
from app.utils.clock import now


class User(Base):
    """Somebody who has registered."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(ExactString(50))
    username_key: Mapped[str] = mapped_column(ExactString(150), unique=True)
    """The name without regard to case: nobody may have one that looks like another's."""
    email: Mapped[str] = mapped_column(ExactString(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    bio: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    """How often this user has changed something; the events tell it."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Role(Base):
    """What a user is beside a user."""

    __tablename__ = "roles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    name: Mapped[str] = mapped_column(ExactString(20), primary_key=True)


class Follow(Base):
    """A user who follows another one."""

    __tablename__ = "follows"

    follower_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    followed_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)


class SigningKey(Base):
    """A key that access tokens are signed with."""

    __tablename__ = "signing_keys"

    id: Mapped[str] = mapped_column(ExactString(32), primary_key=True)
    private: Mapped[bytes] = mapped_column(LargeBinary(1000))
    """Encrypted with what comes from SESSION_SECRET."""
    created_at: Mapped[datetime] = mapped_column(default=now)
