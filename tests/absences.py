"""The words that a service does not hold, because nobody chose what they stand for."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.combinations import Combination
from tests.renders import list_files

# The same for every choice of options, so that it names everything.
EVERYTHING_PINNED = ("constraints.txt", "constraints-effective.txt")
# What pyproject.toml keeps for updates: that nobody chose it.
ANSWERED = re.compile(r'(broker|cache|database) = "none"|kubernetes = "false"')


@dataclass(frozen=True)
class Absence:
    """Words that stand for something, when it was left out, and lines that may say them."""

    name: str
    holds: Callable[[Combination], bool]
    words: str
    but: str = r"(?!)"

    def __str__(self) -> str:
        """Name it in the names of tests."""
        return self.name


ABSENCES = (
    Absence(
        "no HTTP",
        lambda it: it["interface"] == "worker",
        r"fastapi|uvicorn|gunicorn|starlette|httpx|httptools|openapi|app[./]api|app[./]main\b|:8000",
        # An optional layer: the order stays when it comes.
        but=r'"\(app\.api\) \| \(app\.tasks\)"|"\(app\.main\) \| \(app\.worker_main\)"',
    ),
    Absence(
        "no worker",
        lambda it: it["interface"] == "api",
        r"worker_main|app[./]tasks|job_(leases|runner|runs|schedule)|@consumer|@worker",
        but=r'"\(app\.api\) \| \(app\.tasks\)"|"\(app\.main\) \| \(app\.worker_main\)"'
        # What a consumer is belongs to the interface that memory, RabbitMQ and Kafka implement.
        r"|declared with `@consumer\.on\(Event\)`",
    ),
    Absence(
        "no broker",
        lambda it: it["broker"] == "none",
        r"kafka|rabbit|amqp|aiormq|pika|broker|outbox|inbox|envelope|asyncapi",
    ),
    Absence("no RabbitMQ", lambda it: it["broker"] == "kafka", r"rabbit|amqp|aiormq|pika"),
    Absence("no Kafka", lambda it: it["broker"] == "rabbitmq", r"kafka"),
    Absence(
        "no database",
        lambda it: it["database"] == "none",
        r"sqlalchemy|alembic|postgres|asyncpg|mysql|asyncmy|mariadb|sqlite|database|migrat|outbox",
        # An optional layer of the import rules.
        but=r'"app\.resources \| \(app\.database\)"|"\(app\.database_errors\)"',
    ),
    Absence(
        "no PostgreSQL",
        lambda it: it["database"] in {"mysql", "sqlite", "none"},
        r"postgres|asyncpg",
    ),
    Absence(
        "no MySQL",
        lambda it: it["database"] in {"postgresql", "sqlite", "none"},
        r"mysql|asyncmy|mariadb",
    ),
    Absence(
        "no cache",
        lambda it: it["cache"] == "none",
        r"redis|cache",
        # Python's, uv's, SQLAlchemy's and browsers' own caches, and the ones that git ignores.
        but=r"__pycache__|^\.\w*_?cache/$|--mount=type=cache|leaves this layer in the cache"
        r"|cache_ok = True|cache-control|UNCACHED|no-cache|^propcache=="
        r"|^@(lru_)?cache\b|from functools import (lru_)?cache$"
        # What PostgreSQL and its driver say of plans that a migration made stale.
        r"|cache lookup failed|InvalidCachedStatementError|OutdatedSchemaCacheError",
    ),
    Absence("no GitHub", lambda it: it["ci"] != "github", r"github|dependabot", but=r"ghcr\.io"),
    Absence("no GitLab", lambda it: it["ci"] != "gitlab", r"gitlab|renovate"),
    Absence(
        "no Kubernetes",
        lambda it: it["kubernetes"] is False,
        r"kubernetes|kubectl|kustomi[sz]",
    ),
)


@cache
def read_files(folder: Path) -> list[tuple[str, str]]:
    """Return the names of a service's files, and their texts: much alike, so each is kept once."""
    return [
        (sys.intern(path.relative_to(folder).as_posix()), sys.intern(path.read_text("utf-8")))
        for path in list_files(folder)
        if path.name not in EVERYTHING_PINNED
    ]


@cache
def find_lines(text: str, absence: Absence) -> list[str]:
    """Return the lines of a text that mention what was left out."""
    words, but = re.compile(absence.words, re.IGNORECASE), re.compile(absence.but)
    lines = map(str.strip, text.splitlines() if words.search(text) else ())
    found = (line for line in lines if words.search(line) and not but.search(line))
    return [line for line in found if not ANSWERED.fullmatch(line)]


def find_leftovers(folder: Path, absence: Absence) -> set[str]:
    """Return the lines of a service that mention what was left out, and the names of such files."""
    leftovers: set[str] = set()
    for name, text in read_files(folder):
        leftovers.update([name] if find_lines(name, absence) else ())
        leftovers.update(f"{name}: {line}" for line in find_lines(text, absence))
    return leftovers
