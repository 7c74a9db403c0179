"""The memory of what we started, one JSON file shared by every run."""

import fcntl
import json
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
        draft.write_text(json.dumps(records, indent=2) + "\n")
        draft.replace(home / "state.json")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one run (and one thread) at a time inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
