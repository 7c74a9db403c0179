"""The tables of comments."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId, ExactString
from app.domain.people.columns import long_text
from app.utils.clock import now

LONGEST_SLUG = 255


class Comment(Base):
    """What somebody says about an article."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(BigInteger)
    author_id: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(long_text())
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    # Those of an article, newest first. SQLite would give the id of a deleted one to the next.
    __table_args__ = (
        Index(None, "article_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )


class CommentedArticle(Base):
    """What is known of an article; it stays when that is deleted, so that nothing old counts."""

    __tablename__ = "commented_articles"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Not unique: of two articles that swap slugs, the second may be heard of first.
    slug: Mapped[str] = mapped_column(ExactString(LONGEST_SLUG), index=True)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(BigInteger)
    """Which change of the article this is."""
