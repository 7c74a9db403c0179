"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """What this service can be told from outside, beside what every service can."""
