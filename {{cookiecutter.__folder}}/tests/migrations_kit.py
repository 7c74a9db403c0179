"""Migrations of a service of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.services import migrations

INI = """
[alembic]
script_location = {service}/migrations
version_locations = {versions}
path_separator = :
prepend_sys_path = {service}
"""
SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before!r}
branch_labels = {labels!r}


def upgrade():
    {body}
{downgrade}"""
DOWNGRADE = """

def downgrade():
    {body}
"""
CREATE = 'op.create_table("table_{}", sa.Column("id", sa.Integer, primary_key=True))'

Write = Callable[..., Path]


def prepare_migrations(folder: Path, patch: pytest.MonkeyPatch) -> Write:
    """Return what writes migrations, one after the other, which then are the service's own."""
    ini, versions = folder / "alembic.ini", folder / "versions"
    versions.mkdir()
    service = migrations.ALEMBIC_INI.parent
    ini.write_text(INI.format(service=service, versions=versions), encoding="utf-8")
    patch.setattr(migrations, "ALEMBIC_INI", ini)

    def write(number: int, *body: str, undo: str = "") -> Path:
        script = SCRIPT.format(
            number=number,
            before=None if number == 1 else str(number - 1),
            labels=("service",) if number == 1 else None,
            body="\n    ".join(body),
            downgrade=DOWNGRADE.format(body=undo) if undo else "",
        )
        file = versions / f"{number}.py"
        file.write_text(script, encoding="utf-8")
        return file

    return write
