"""Create this service's tables."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, ExactString, UtcDateTime

revision = "service_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "tasks",
        sa.Column("number", BigId, primary_key=True),
        sa.Column("key", ExactString(255)),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.Text),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("queued_at", UtcDateTime),
        sa.Column("began_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("due_at", UtcDateTime),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("traceparent", sa.String(55)),
        sa.UniqueConstraint("key", name="uq_tasks_key"),
    )
    # What is due first, and lists of one status.
    op.create_index("ix_tasks_due_at_number", "tasks", ["due_at", "number"])
    op.create_index("ix_tasks_status_number", "tasks", ["status", "number"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("tasks")
