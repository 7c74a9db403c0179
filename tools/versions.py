"""Versions of the template, by Semantic Versioning."""

import json
import re
from pathlib import Path
from typing import NamedTuple

QUESTIONS = "cookiecutter.json"
PATTERN = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Version(NamedTuple):
    """A version, which sorts as versions do."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Write it with dots."""
        return ".".join(map(str, self))

    @property
    def tag(self) -> str:
        """What git calls it."""
        return f"v{self}"

    @property
    def next_major(self) -> "Version":
        """The next version that may break the public interface."""
        return Version(self.major + 1, 0, 0)

    @property
    def nexts(self) -> tuple["Version", ...]:
        """The versions that may come after it."""
        minor = Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1), minor, self.next_major


def parse(text: str) -> Version | None:
    """Return the version that a text is, if it is one."""
    match = PATTERN.fullmatch(text)
    return Version(*map(int, match.groups())) if match else None


def read_version(template: Path) -> Version:
    """Return the version that a template renders."""
    questions = json.loads((template / QUESTIONS).read_text(encoding="utf-8"))
    return Version(*map(int, questions["__version"].split(".")))


def find_note(version: Version, template: Path) -> Path:
    """Return where the note stands that says how to upgrade to a major version."""
    return template / "docs" / "upgrades" / f"{version}.md"
