"""What teams do to their services before and between updates, in their own zone only."""

from collections.abc import Mapping

Edit = tuple[str, str]
"""A path and what to write at the end of it; the file may be new."""

RULES = '''"""What this team has come to rely on."""

LONGEST_TITLE = 80
'''
TEST_RULES = '''"""The team's rules hold."""

from app.domain.rules import LONGEST_TITLE


def test_titles_are_short() -> None:
    assert LONGEST_TITLE <= 100
'''
PINNED = '''"""Let notes be pinned."""

import sqlalchemy as sa
from alembic import op

revision = "service_0003"
down_revision = "service_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the tables."""
    op.add_column("notes", sa.Column("pinned", sa.String(20)))


def downgrade() -> None:
    """Change them back."""
    op.drop_column("notes", "pinned")
'''
COLUMN = "    pinned: Mapped[str | None] = mapped_column(String(20))\n"
RECIPE = '\n# Say goodbye to the team\n[group("team")]\nleave:\n    @echo "bye"\n'
ALERTS = "# Nobody has been paged at night yet.\n"
JOB = "\n# Nothing else of ours runs by itself.\n"

START: tuple[Edit, ...] = (
    ("app/domain/rules.py", RULES),
    ("tests/service/test_rules.py", TEST_RULES),
    ("service.just", RECIPE),
    ("README.md", "\n## Ours\n\nAsk us before you call this at night.\n"),
    ("docs/decisions.md", "# What we decided\n\nMuch.\n"),
)
"""What any team may do."""

PIN_NOTES: tuple[Edit, ...] = (
    ("migrations/service/0003_pinned.py", PINNED),
    ("app/domain/models.py", COLUMN),
)
"""What the team of the notes does with a migration of its own."""

LATER: Mapping[int, tuple[Edit, ...]] = {
    3: START,
    6: (("app/domain/settings.py", '    """Who has written a note."""\n'),),
    9: PIN_NOTES,
    11: ((".editorconfig", "\n[*.sql]\nindent_size = 2\n"),),
    12: (("deploy/observability/rules/service.yml", ALERTS),),
    15: (("docker-compose.override.yml", JOB), ("README.md", "\nOr by day.\n")),
    17: (("tests/service/pre-commit.yaml", "# All of them are quick.\n"),),
}
"""What the team of the notes does after it has got a version."""
