"""The settings of this service's own; handlers, jobs and routes may ask for `Settings`."""

from typing import Annotated

from pydantic import Field

from app.core.settings import SettingsGroup
from app.core.urls import url_of

ServiceUrl = Annotated[str, url_of("http", "https")]


class Settings(SettingsGroup):
    """Where the services are, and how much they are trusted with."""

    users_url: ServiceUrl = "http://127.0.0.1:8001"
    """Where the service auth is."""
    articles_url: ServiceUrl = "http://127.0.0.1:8002"
    """Where the service articles is."""
    comments_url: ServiceUrl = "http://127.0.0.1:8003"
    """Where the service comments is."""
    answer_seconds: float = Field(default=10, gt=0)
    """How many seconds a service has until its answer begins."""
    answer_idle_seconds: float = Field(default=10, gt=0)
    """How many seconds an answer may pause in its middle, and a client until it reads on."""
    circuit_failures: int = Field(default=5, ge=1)
    """After how many failures in a row a service, or a slow route of it, is left alone."""
    circuit_seconds: float = Field(default=2, gt=0)
    """For how many seconds; then one request tries it."""
    requests_per_minute: int = Field(default=1200, ge=0)
    """How often one user, or one address without a token, may ask in a minute; 0 for no limit."""
    look_up_revocations: bool = True
    """Whether each token is looked for among those of sessions that have ended, in Redis."""
