"""What an update does, and how far a service has moved from its template."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Answers = Mapping[str, object]


@dataclass(frozen=True)
class Version:
    """A version of the template."""

    name: str
    commit: str

    def __str__(self) -> str:
        """Name it, with the commit that tells it from those of the same name."""
        return f"{self.name} ({self.commit[:7]})" if self.name else self.commit[:7]


@dataclass(frozen=True)
class Conflict:
    """A file of the template's zone in which team and template changed the same."""

    path: str
    yours: str
    """What the team changed since the old version, as a diff."""
    template: str
    """What the template changed since the old version, as a diff."""


@dataclass(frozen=True)
class Changes:
    """The files that an update changes, as paths in the service."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """An update, planned or made."""

    before: Version
    after: Version
    needed: bool = False
    """Whether there is anything to change."""
    changes: Changes = field(default_factory=Changes)
    questions: Answers = field(default_factory=dict)
    """The questions that are new, with their answers."""
    dropped: tuple[str, ...] = ()
    """The questions that the template asks no more."""
    kept_deleted: tuple[str, ...] = ()
    """Files of the template that the team deleted, which do not come back."""
    overtaken: tuple[str, ...] = ()
    """Pins of the team that the template's have reached, which are dropped."""
    stale: bool = False
    """Whether the lock has to be made anew."""
    news: tuple[str, ...] = ()
    """What the template's CHANGELOG says about the versions between."""
    conflicts: tuple[Conflict, ...] = ()
    applied: bool = False
    """Whether the service has been changed."""
    checked: bool = False
    """Whether the service's checks passed with the changes."""


@dataclass(frozen=True)
class Drift:
    """How far a service is from its template."""

    version: Version
    latest: Version
    behind: int
    """How many commits of the template would change what it renders."""
    answers: Answers
    edited: tuple[str, ...]
    deleted: tuple[str, ...]
    git: bool
    """Whether the service is in a git repository with a commit."""
    dirty: bool
    """Whether the service has changes that are not committed."""
