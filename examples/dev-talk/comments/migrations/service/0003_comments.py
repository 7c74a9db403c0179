"""Create the tables of comments."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, ExactString, UtcDateTime
from app.domain.people.columns import long_text

revision = "comments_0001"
down_revision = "people_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "comments",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("article_id", sa.BigInteger, nullable=False),
        sa.Column("author_id", sa.BigInteger, nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_comments_article_id_created_at_id", "comments", ["article_id", "created_at", "id"]
    )
    op.create_table(
        "commented_articles",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("slug", ExactString(255), nullable=False, index=True),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("commented_articles")
    op.drop_table("comments")
