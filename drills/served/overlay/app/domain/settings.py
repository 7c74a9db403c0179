"""The settings of the order service."""

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """What the drills tell the service."""

    drill_attempts: str = "attempts.jsonl"
    """The file that attempts to handle special orders are written to."""
    drill_slow_seconds: float = 0.02
    """How long a slow order takes."""
    drill_long_seconds: float = 5.0
    """How long a long one takes."""
