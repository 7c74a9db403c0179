"""Remove the starter domain and its tests; what remains passes its checks."""

import re
import subprocess
import sys
from pathlib import Path

BARE = {
    # {% if cookiecutter.interface != "worker" and (cookiecutter.database != "none" or cookiecutter.broker != "none" or cookiecutter.cache == "redis") %}
    "app/api/router.py": '''"""The routes of this service, version 1."""

from app.web.routing import Router

router = Router(prefix="/v1")
''',
    # {% endif %}
    # {% if cookiecutter.interface != "worker" and cookiecutter.database == "none" and cookiecutter.broker == "none" and cookiecutter.cache == "none" %}
    "app/api/router.py": '''"""The routes of this service, version 1."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
''',
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    "app/api/schemas.py": '"""What clients send and receive."""\n',
    # {% endif %}
    # {% if cookiecutter.interface != "api" and cookiecutter.broker != "none" %}
    "app/tasks/consumer.py": '''"""The events that this service listens to, each with its handler."""

from app.utils.consumer import Consumer

consumer = Consumer()
''',
    # {% endif %}
    # {% if cookiecutter.interface != "api" and (cookiecutter.database != "none" or cookiecutter.cache == "redis") %}
    "app/tasks/worker.py": '''"""The jobs that this service does by the clock."""

from app.utils.jobs import Worker

worker = Worker()
''',
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    "app/domain/events.py": '"""The events of this service: what it tells others, and what it hears."""\n',
    # {% endif %}
    "app/domain/service.py": '"""The business logic: what this service does, whoever asks it to."""\n',
    # {% if cookiecutter.database != "none" %}
    "app/domain/models.py": '"""The tables of this service."""\n',
    "migrations/service/0001_service.py": '''"""The beginning of this service's own migrations."""

revision = "service_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    """Change nothing yet."""


def downgrade() -> None:
    """Change nothing back."""
''',
    # {% endif %}
    # {% if cookiecutter.database == "none" %}
    "app/resources.py": '''"""The long-lived resources of this service's own: clients, pools, whatever must be closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.settings import Settings


@dataclass(frozen=True)
class Resources:
    """What lives as long as the process; handlers, jobs and routes may ask for it."""


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open the resources before the first request and close them after the last."""
    yield Resources()
''',
    # {% endif %}
}
STARTER_TESTS = "tests/service"
README = re.compile("(?<=## What it does\n\n).*?(?=\n## )", re.DOTALL)


def refuse(sentence: str) -> None:
    """Exit with one line."""
    sys.exit(f"clear-starter: {sentence}")


def ask_git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git here and return what it said."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)


def check_nothing_is_lost() -> None:
    """Exit unless git holds every file as it is."""
    # Tracked, not just clean: in a folder that an outer repository ignores, all is clean.
    if ask_git("ls-files", "--error-unmatch", *BARE).returncode != 0:
        refuse("commit the service to git first, so that nothing can be lost")
    if ask_git("status", "--porcelain", "--", ".").stdout.strip():
        refuse("commit or stash your changes first, so that nothing can be lost")


def clear(service: Path) -> None:
    """Write the bare files and delete the starter's tests."""
    for name, text in BARE.items():
        (service / name).write_text(text, encoding="utf-8")
    for path in sorted((service / STARTER_TESTS).glob("test_*.py")):
        path.unlink()
    readme = service / "README.md"
    told = "Nothing yet: write it here.\n"
    readme.write_text(README.sub(told, readme.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    """Clear the service in this folder, unless something could be lost."""
    check_nothing_is_lost()
    clear(Path())
    print("The starter is gone. Yours now: app/domain, and what `just --list` shows.")
    # {% if cookiecutter.database != "none" %}
    if Path("service.db").exists():
        print("service.db still has the starter's tables: delete it, and the next start makes it.")
    # {% endif %}


if __name__ == "__main__":
    main()
