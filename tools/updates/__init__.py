"""Bring services to new versions of their template, without touching what is the team's."""

from tools.updates.drift import diff, inspect
from tools.updates.errors import UpdateRefusedError
from tools.updates.outcome import Changes, Conflict, Drift, Outcome, Version
from tools.updates.updating import update

__all__ = [
    "Changes",
    "Conflict",
    "Drift",
    "Outcome",
    "UpdateRefusedError",
    "Version",
    "diff",
    "inspect",
    "update",
]
