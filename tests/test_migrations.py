"""A migration that waits for a lock gives up in time, and nobody stays behind it."""

import json
from pathlib import Path

import pytest

from tests.clients import create
from tests.combinations import choose
from tests.outages import DIALECTS, Dialect, holding, private_server
from tests.processes import API, find_port, running, wait_for
from tests.programs import check, run
from tests.recipes import make_service

pytestmark = [pytest.mark.slow, pytest.mark.servers]

MIGRATION = '''"""Give items a colour."""

import sqlalchemy as sa
from alembic import op

revision = "service_0002"
down_revision = "service_0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("items", sa.Column("colour", sa.String(20)))
'''


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.server)
def test_a_migration_does_not_wait_behind_a_long_transaction(
    dialect: Dialect, tmp_path: Path
) -> None:
    service = make_service(tmp_path / "service", choose(database=dialect.database))
    migrate = (service / ".venv/bin/python", "-m", "alembic", "upgrade", "heads")
    port = find_port()
    with private_server(dialect.server, tmp_path / "servers") as server:
        limits = {"DATABASE_URL": server.url, "DATABASE_LOCK_SECONDS": "1"}
        with running(service, *API, log=tmp_path / "api", PORT=str(port), **limits):
            wait_for(lambda: create(port, "before").status == 201, "the API")
            (service / "migrations/service/0002_colour.py").write_text(MIGRATION)
            reading = ("SELECT count(*) FROM items", "SELECT 1")
            with holding(service, server.url, *reading, wanted=1, log=tmp_path / "holder"):
                failed = run(*migrate, cwd=service, **limits)
                assert create(port, "meanwhile").status == 201
            lines = [json.loads(line) for line in failed.stdout.splitlines()]
            said = [line["message"] for line in lines if line["level"] != "info"]
            assert len(said) == 1, failed.stdout
            assert failed.returncode == 1
            assert said[0].startswith("migrations: ")
            assert "lock" in said[0].lower()
            check(*migrate, cwd=service, **limits)
            assert create(port, "after").status == 201
