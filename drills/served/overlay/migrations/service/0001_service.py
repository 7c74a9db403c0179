"""Create the order service's tables."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, UtcDateTime

revision = "service_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "orders",
        sa.Column("number", BigId, primary_key=True, autoincrement=False),
        sa.Column("behaviour", sa.String(20), nullable=False),
    )
    op.create_table(
        "effects",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("number", BigId, nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("effects")
    op.drop_table("orders")
