"""The tables of articles."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, BigId, ExactString
from app.domain.people.columns import long_text
from app.utils.clock import now

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 1000
LONGEST_TAG = 50
LONGEST_SLUG = 120


class Article(Base):
    """Something that somebody wrote."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(ExactString(LONGEST_SLUG), unique=True)
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    description: Mapped[str] = mapped_column(Text)
    # Lists show no bodies: it is read when somebody asks for the article itself.
    body: Mapped[str] = mapped_column(long_text(), deferred=True, deferred_raiseload=True)
    tags: Mapped[list[str]] = mapped_column(JSON)
    """As its author ordered them; ArticleTag is how they are found."""
    author_id: Mapped[int] = mapped_column(BigInteger)
    favorites_count: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    """Raised by whatever events tell of."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    # All of them, those of an author and the popular ones: each list is read from its index.
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "author_id", "created_at", "id"),
        Index(None, "favorites_count", "created_at", "id"),
        # Others know articles by their ids: SQLite would give that of a deleted one to the next.
        {"sqlite_autoincrement": True},
    )


class ArticleTag(Base):
    """A tag of an article, with what the articles of a tag are ordered by."""

    __tablename__ = "article_tags"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(ExactString(LONGEST_TAG), primary_key=True)
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "tag", "created_at", "article_id"),)


class Favorite(Base):
    """Somebody's favourite, with what the favourites of somebody are ordered by."""

    __tablename__ = "favorites"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    """When the article was created."""

    __table_args__ = (Index(None, "user_id", "created_at", "article_id"),)


class ArticleCount(Base):
    """How many articles there are of a kind, so that no list has to count a million rows."""

    __tablename__ = "article_counts"

    kind: Mapped[str] = mapped_column(ExactString(10), primary_key=True)
    subject: Mapped[str] = mapped_column(ExactString(LONGEST_TAG), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
