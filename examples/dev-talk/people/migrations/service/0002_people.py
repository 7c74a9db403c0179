"""Create the tables of people."""

import sqlalchemy as sa
from alembic import op

from app.database import ExactString, UtcDateTime

revision = "people_0001"
down_revision = "service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("username", ExactString(255), nullable=False, index=True),
        sa.Column("bio", sa.Text),
        sa.Column("image", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("heard_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "followings",
        sa.Column("follower_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("followed_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "hearings",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("ahead", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("hearings")
    op.drop_table("followings")
    op.drop_table("people")
