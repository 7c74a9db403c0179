"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from pydantic import Field

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """How long clients wait."""

    reply_seconds: float = Field(default=5, gt=0, le=25)
    """How many seconds the service that computes has to reply."""
    progress_seconds: float = Field(default=0.5, ge=0.05)
    """How many seconds pass before a task that is watched is looked at again."""
