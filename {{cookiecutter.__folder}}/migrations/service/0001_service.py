"""Create this service's tables."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId, UtcDateTime

revision = "service_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    # {% if cookiecutter.interface != "worker" %}
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    # One for each order in which items are listed; the id tells equals apart.
    op.create_index("ix_items_created_at_id", "items", ["created_at", "id"])
    op.create_index("ix_items_name_id", "items", ["name", "id"])
    # {% endif %}
    op.create_table(
        "activities",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("activities")
    # {% if cookiecutter.interface != "worker" %}
    op.drop_table("items")
    # {% endif %}
