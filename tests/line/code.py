"""Versions of the template that change the code of services."""

from tests.line.template import Draft

MIGRATION = '''"""Let jobs say who ran them last."""

import sqlalchemy as sa
from alembic import op

revision = "template_0002"
down_revision = "template_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    op.create_table(
        "notices",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("text", sa.String(200)),
    )
    # {% if cookiecutter.interface != "api" %}
    op.add_column("job_schedule", sa.Column("taken_by", sa.String(64)))
    # {% endif %}


def downgrade() -> None:
    """Take it away."""
    # {% if cookiecutter.interface != "api" %}
    op.drop_column("job_schedule", "taken_by")
    # {% endif %}
    op.drop_table("notices")
'''

NOTICES = '''

class Notice(Base):
    """What operators have been told."""

    __tablename__ = "notices"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str | None] = mapped_column(String(200))
'''

DURATIONS = '''"""Durations, as people write them."""


def write_duration(seconds: float) -> str:
    """Write a duration in its largest unit."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
'''

TEST_DURATIONS = '''"""Durations are short to read."""

import pytest

from app.utils.durations import write_duration


@pytest.mark.parametrize(("seconds", "text"), [(7200, "2 h"), (90, "1.5 min"), (0.5, "0.5 s")])
def test_the_largest_unit_is_taken(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text
'''


def start(draft: Draft) -> None:
    """Begin as the template is, but with older libraries and less said about them."""
    for name in ("constraints.txt", "constraints-effective.txt"):
        draft.edit(name, ("iniconfig==2.3.1", "iniconfig==2.1.0"))
    draft.edit("requirements-runtime.txt", ("# What the image installs. ", "# "))


def raise_library(draft: Draft) -> None:
    """Raise a library, and say more right above the team's own."""
    for name in ("constraints.txt", "constraints-effective.txt"):
        draft.edit(name, ("iniconfig==2.1.0", "iniconfig==2.3.1"))
    said = "# Versions are pinned"
    draft.edit("requirements-runtime.txt", (said, f"# What the image installs. {said[2:]}"))


def reword(draft: Draft) -> None:
    """Say things more clearly, in files of every kind."""
    draft.edit(
        "app/utils/clock.py", ("The present moment, in one place", "What time it is, in one place")
    )
    draft.edit("Dockerfile", ("# The service drains on SIGTERM", "# On SIGTERM the service drains"))
    draft.edit(
        "docker-compose.yml", ("# The whole stack for development", "# All of it, for development")
    )
    draft.edit("AGENTS.md", ("Imports go down, never up; ", "Imports go down and never up; "))
    draft.edit(".gitignore", ("# Editors and systems", "# What editors and systems leave"))


def change_beside_seams(draft: Draft) -> None:
    """Change lines right beside what a team adds to."""
    resources = "        opened.add(Resources, await"
    comment = "        # The team's own come first: everything else may use them.\n"
    draft.edit("app/lifespan.py", (resources, comment + resources))
    draft.edit(
        "justfile", ("# The team's own recipes, in a file", "# Recipes of the team, in a file")
    )
    draft.edit(
        ".dockerignore", ("# Only what the Dockerfile copies", "# What the Dockerfile copies only")
    )
    draft.edit(
        "migrations/env.py",
        ("import app.domain.models\n", "import app.domain.models  # the team's tables\n"),
    )


def add_module(draft: Draft) -> None:
    """Add a module with its test."""
    draft.add("app/utils/durations.py", DURATIONS)
    draft.add("tests/test_durations.py", TEST_DURATIONS)


def add_table(draft: Draft) -> None:
    """Add a table and a column, with the migration."""
    draft.add("migrations/template/0002_template.py", MIGRATION)
    due = "    next_run_at: Mapped[datetime]\n"
    column = "    taken_by: Mapped[str | None] = mapped_column(String(64))\n"
    draft.edit("app/tables.py", (due, due + column))
    draft.append("app/tables.py", NOTICES)


def move_module(draft: Draft) -> None:
    """Move a module."""
    draft.move("app/core/readings.py", "app/core/readouts.py")


def tidy_tests(draft: Draft) -> None:
    """Rename a test, say more in it, and delete what another tests too."""
    draft.move("tests/test_readings.py", "tests/test_readouts.py")
    draft.append("tests/test_readouts.py", "\n\n# Every reading is taken when it is asked for.\n")
    draft.delete("tests/test_redaction.py")


def add_setting(draft: Draft) -> None:
    """Add a setting."""
    setting = "    redacted: Words = ()\n"
    added = '    zone: str = "UTC"\n    """The time zone that people read them in."""\n'
    draft.edit("app/core/config.py", (setting, added + setting))
    words = "# Words in names of fields"
    shown = "# The time zone that people read them in.\n# LOG_ZONE=UTC\n"
    draft.edit(".env.example", (words, shown + words))


def name_the_licence(draft: Draft) -> None:
    """Name the licence at the top of every module at the bottom."""
    for pattern in ("app/core/*.py", "app/utils/*.py"):
        for path in draft.list(pattern):
            text = path.read_text(encoding="utf-8")
            path.write_text(f"# SPDX-License-Identifier: MIT\n{text}", encoding="utf-8")
