"""Bring the tables of the parts together: whatever is next comes after all of them."""

revision = "single_0001"
down_revision = ("users_0001", "articles_0001", "comments_0001")
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing."""


def downgrade() -> None:
    """Change nothing back."""
