"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from app.domain.auth.settings import UserSettings


class Settings(UserSettings):
    """Those of the users' part; the others have none."""
