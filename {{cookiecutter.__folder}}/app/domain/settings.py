"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from pydantic import Field

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """What this service can be told from outside, beside what every service can."""

    page_size: int = Field(default=50, ge=1, le=500)
    """How many entries a list shows."""
