"""Take the pins of a service's team over into a new version of the template."""

import re
import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from tools.updates.errors import UpdateRefusedError

TOOL = Path("tools", "lock.py")
TEMPLATE = "constraints.txt"
TEAM = "constraints-service.txt"
EFFECTIVE = "constraints-effective.txt"
LOCK = "requirements-runtime.lock"
WRITTEN = (TEAM, EFFECTIVE, LOCK)
EXACT = re.compile(r"[\w.-]+\s*==\s*([\w.!+-]+)\s*(?:;.*)?")


def take_over(copy: Path, before: Path, after: Path) -> tuple[str, ...]:
    """Write the pins of a merged service; return those of the team that are not needed any more.

    `before` and `after` are the template's renders. The lock is complete only where the team has
    neither libraries nor pins: `is_stale` tells.
    """
    if not (copy / TOOL).is_file():
        return ()
    tool = load(copy)
    try:
        overtaken = drop_overtaken(copy, before, after, tool)
        if (after / LOCK).is_file() and tool["read_sources"](copy) == tool["read_sources"](after):
            (copy / LOCK).write_bytes((after / LOCK).read_bytes())
        text = tool["merge"](copy, tool["read_lock"](copy))
    except tool["LockError"] as error:
        raise UpdateRefusedError(f"Nothing was changed: {error}") from None
    (copy / EFFECTIVE).write_text(text, encoding="utf-8")
    return overtaken


def list_gone(copy: Path) -> list[str]:
    """List the files of pins that are not there; the last one stands for none."""
    return [name for name in (*WRITTEN, "nothing") if not (copy / name).exists()]


def load(copy: Path) -> dict[str, Any]:
    """Return what the service knows about pins itself."""
    return runpy.run_path(str(copy / TOOL))


def is_stale(copy: Path) -> bool:
    """Tell whether the lock must be made anew, for which an index is needed."""
    if not (copy / TOOL).is_file():
        return False
    return load(copy)["find_stale"](copy) is not None


def drop_overtaken(copy: Path, before: Path, after: Path, tool: dict[str, Any]) -> tuple[str, ...]:
    """Take pins that were ahead of the template, and are so no more, out of the team's file."""
    path = copy / TEAM
    if not path.is_file():
        return ()
    old, new = (tool["read_pins"](folder / TEMPLATE) for folder in (before, after))
    kept, dropped = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        name = "" if line.startswith("#") else tool["find_name"](line)
        pins = new.get(name, [])
        if pins and is_overtaken(line.partition("#")[0].strip(), old.get(name, []), pins):
            dropped.append(f"{line.strip()} ({TEMPLATE} has {' and '.join(pins)})")
        else:
            kept.append(line)
    if not dropped:
        return ()
    path.write_text("\n".join([*kept, ""]), encoding="utf-8")
    if not tool["read_lines"](path):
        path.unlink()
    return tuple(dropped)


def is_overtaken(line: str, old: Sequence[str], new: Sequence[str]) -> bool:
    """Tell whether a pin is above all old ones of the template, and above none of the new ones.

    A team that stays below the template on purpose has a reason that the template does not know.
    """
    try:
        (own,), olds, news = (
            [read_version(each) for each in lines] for lines in ([line], old, new)
        )
    except (ValueError, InvalidVersion):
        return False
    return all(each < own for each in olds) and all(own <= each for each in news)


def read_version(line: str) -> Version:
    """Return the version of a pin; raises ValueError for one that allows several."""
    pin = EXACT.fullmatch(line)
    if pin is None:
        raise ValueError(line)
    return Version(pin[1])
