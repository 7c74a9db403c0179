"""The settings of the note service."""

from app.core.settings import SettingsGroup


class Settings(SettingsGroup):
    """What the note service can be told from outside."""

    note_signature: str = "the team"
