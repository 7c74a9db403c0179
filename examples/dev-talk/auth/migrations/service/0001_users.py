"""Create the tables of the users' part."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, ExactString, UtcDateTime

revision = "users_0001"
down_revision = "service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("username", ExactString(50), nullable=False),
        sa.Column("username_key", ExactString(150), nullable=False),
        sa.Column("email", ExactString(254), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("bio", sa.Text),
        sa.Column("image", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "roles",
        sa.Column("user_id", BigId, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("name", ExactString(20), primary_key=True),
    )
    op.create_table(
        "follows",
        sa.Column("follower_id", BigId, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("followed_id", BigId, sa.ForeignKey("users.id"), primary_key=True),
    )
    op.create_index("ix_follows_followed_id", "follows", ["followed_id"])
    op.create_table(
        "signing_keys",
        sa.Column("id", ExactString(32), primary_key=True),
        sa.Column("private", sa.LargeBinary(1000), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("signing_keys", "follows", "roles", "users"):
        op.drop_table(name)
