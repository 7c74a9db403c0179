"""The memory of what we started, one JSON file shared by every run."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def read(home: Path) -> dict[str, Record]:
    """Return the record of every server, none when the file is missing or damaged."""
    try:
        records = json.loads((home / "state.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return records if isinstance(records, dict) else {}


def write(home: Path, name: str, record: Record | None) -> None:
    """Remember the record of one server; None forgets it."""
    with locked(home / "state.lock"):
        records = read(home)
        records.pop(name, None)
        if record is not None:
            records[name] = record
        draft = home / "state.json.new"
        write_secret(draft, json.dumps(records, indent=2) + "\n")
        draft.replace(home / "state.json")


def write_secret(path: Path, text: str) -> None:
    """Write a file that nobody else can read, not for a moment either."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def protect(home: Path) -> None:
    """Make the folder of the servers, which nobody else may enter."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one run (and one thread) at a time inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
