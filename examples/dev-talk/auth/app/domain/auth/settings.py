"""The settings of the users' part."""

from pydantic import Field, SecretStr

from app.core.settings import SettingsGroup

DEFAULT = SecretStr("development")


class UserSettings(SettingsGroup):
    """How users log in, and for how long."""

    session_secret: SecretStr = DEFAULT
    """What refresh tokens are made with, and signing keys encrypted; the same in all replicas."""
    session_days: float = Field(default=30, gt=0)
    """How many days a session lives without being refreshed."""
    access_minutes: float = Field(default=60, gt=0)
    """How many minutes an access token counts."""
    signing_key_days: float = Field(default=30, gt=0)
    """How many days access tokens are signed with the same key."""
    access_issuer: str = "dev-talk"
    """What access tokens name as their issuer: AUTH_ISSUER of the other services."""
    access_audience: str = "dev-talk"
    """What access tokens name as their audience: AUTH_AUDIENCE of the other services."""
    password_memory_kib: int = Field(default=65_536, ge=8)
    """How much memory it takes to try a password, in KiB."""
    password_rounds: int = Field(default=3, ge=1)
    """How often that memory is gone through."""
    password_queue: int = Field(default=50, ge=1)
    """How many passwords may be tried or wait for it at once; more logins are refused with 503."""
    login_attempts: int = Field(default=10, ge=1)
    """How often one address may try to log in to one account in a minute."""
    address_attempts: int = Field(default=300, ge=1)
    """How often one address may register or try to log in, in a minute."""

    def find_danger(self) -> str | None:
        """Refuse a secret that everybody knows."""
        if self.session_secret == DEFAULT:
            return "SESSION_SECRET: in production, set a long random text that nobody else knows"
        return super().find_danger()
