"""Template and team bring a database with rows forward, each in its own branch of migrations."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.environments import make_own
from tests.line.services import Workshop
from tests.line.versions import LATEST
from tests.line.work import PIN_NOTES
from tests.processes import API, ask, find_port, running, wait_for
from tests.programs import check
from tools.servers import find

pytestmark = pytest.mark.slow

EXECUTE = """
import asyncio, sys
from tests.kit.database import execute
asyncio.run(execute(*sys.argv[1:]))
"""
ALEMBIC = (".venv/bin/python", "-m", "alembic")


@pytest.fixture(scope="module")
def services(line: Workshop) -> tuple[Path, Path]:
    """A service as the first version makes it, and the same after all updates and more work."""
    service = line.create("stored", "v1", {})
    service.lay("notes")
    old = shutil.copytree(service.folder, line.home / "stored-old")
    assert line.update(service, LATEST, {}).applied
    service.work(PIN_NOTES)
    for folder in (old, service.folder):
        # The libraries are the newest: old code runs where a new image was built, too.
        (folder / ".venv").symlink_to(make_own(service.folder))
    return old, service.folder


@contextmanager
def database(kind: str, service: Path, home: Path) -> Iterator[str]:
    """Make an empty database and delete it in the end."""
    if kind == "sqlite":
        yield f"sqlite:///{home / 'notes.db'}"
        return
    server = find()[kind]
    name = f"test_{uuid4().hex}"
    python = service / ".venv/bin/python"
    place = {f"TEST_{kind.upper()}_URL": server}
    check(python, "-c", EXECUTE, f"CREATE DATABASE {name}", cwd=service, **place)
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        check(python, "-c", EXECUTE, f"DROP DATABASE {name} WITH (FORCE)", cwd=service, **place)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_rows_stay_and_old_code_goes_on(
    services: tuple[Path, Path], kind: str, tmp_path: Path
) -> None:
    old, new = services
    with database(kind, old, tmp_path) as url:
        place = {"DATABASE_URL": url}
        check(*ALEMBIC, "upgrade", "heads", cwd=old, **place)
        ports = [find_port(), find_port()]
        with running(old, *API, log=tmp_path / "old", PORT=str(ports[0]), **place):
            write(ports[0], "before")
            check(*ALEMBIC, "upgrade", "heads", cwd=new, **place)
            write(ports[0], "meanwhile")
        current = check(*ALEMBIC, "current", cwd=new, **place)
        assert {"template_0002", "service_0003"} <= set(current.split())
        with running(new, *API, log=tmp_path / "new", PORT=str(ports[1]), **place):
            write(ports[1], "after")
            slugs = [note["slug"] for note in ask(ports[1], "/v1/notes")]
        # Beside the one that the service writes every day.
        written = [slug for slug in slugs if slug != "the-daily-note"]
        assert written == [f"{word}-by-the-team" for word in ("before", "meanwhile", "after")]


def write(port: int, title: str) -> None:
    """Write a note, as soon as somebody listens."""
    wait_for(lambda: ask(port, "/health/ready"), "the API")
    ask(port, "/v1/notes", {"title": title})
