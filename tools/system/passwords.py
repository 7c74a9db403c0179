"""The variables of the shared compose file, which stand in .env and nowhere else."""

import re
import secrets
from collections.abc import Iterable
from pathlib import Path

HEADING = "# Passwords of this system, made once: yours to change, and kept by every run.\n"
DEMANDED = re.compile(r"\$\{(\w+):\?")
ASSIGNED = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=", re.MULTILINE)
PRIVATE = 0o600


def add_missing(path: Path, compose: str, told: Iterable[str]) -> list[str]:
    """Write the variables that the compose file demands and .env lacks; return those left empty.

    What the system file refers to itself only its author knows; the rest is made up.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else HEADING
    there = set(ASSIGNED.findall(text))
    theirs = {name for value in told for name in DEMANDED.findall(value)}
    demanded = dict.fromkeys(DEMANDED.findall(compose))
    missing = [name for name in demanded if name not in there]
    if missing or not path.exists():
        gap = "" if text.endswith("\n") else "\n"
        lines = [f"{name}={'' if name in theirs else secrets.token_hex(16)}\n" for name in missing]
        draft = path.with_name(".env.new")
        draft.touch(mode=PRIVATE)
        draft.write_text(text + gap + "".join(lines), encoding="utf-8")
        draft.replace(path)
    return [name for name in missing if name in theirs]
