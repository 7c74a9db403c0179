"""Create the tables of articles."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, ExactString, UtcDateTime
from app.domain.people.columns import long_text

revision = "articles_0001"
down_revision = "people_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "articles",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("slug", ExactString(120), nullable=False, unique=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("favorites_count", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    # One for each order of a list; the id tells equals apart.
    op.create_index("ix_articles_created_at_id", "articles", ["created_at", "id"])
    op.create_index(
        "ix_articles_author_id_created_at_id", "articles", ["author_id", "created_at", "id"]
    )
    op.create_index(
        "ix_articles_favorites_count_created_at_id",
        "articles",
        ["favorites_count", "created_at", "id"],
    )
    op.create_table(
        "article_tags",
        sa.Column(
            "article_id", BigId, sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("tag", ExactString(50), primary_key=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index(
        "ix_article_tags_tag_created_at_article_id",
        "article_tags",
        ["tag", "created_at", "article_id"],
    )
    op.create_table(
        "favorites",
        sa.Column(
            "article_id", BigId, sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index(
        "ix_favorites_user_id_created_at_article_id",
        "favorites",
        ["user_id", "created_at", "article_id"],
    )
    op.create_table(
        "article_counts",
        sa.Column("kind", ExactString(10), primary_key=True),
        sa.Column("subject", ExactString(50), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("article_counts")
    op.drop_table("favorites")
    op.drop_table("article_tags")
    op.drop_table("articles")
