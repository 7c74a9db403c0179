"""Create the notes, and drop the starter's tables."""

import sqlalchemy as sa
from alembic import op

from app.database import BigId

revision = "service_0002"
down_revision = "service_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the tables."""
    op.drop_table("activities")
    op.drop_table("items")
    op.create_table(
        "notes",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("slug", sa.String(200), nullable=False),
        sa.Column("readers", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Change them back."""
    raise NotImplementedError("the starter's tables are gone for good")
