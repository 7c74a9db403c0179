"""The settings that every service of ours has, in groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from app.core.errors import SettingsError
from app.core.settings import SettingsGroup, read_settings


def url_of(*schemes: str) -> AfterValidator:
    """Return a validator that accepts URLs of these schemes only."""

    def check(url: str) -> str:
        if urlsplit(url).scheme not in schemes:
            known = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"write a URL that starts with {known}")
        return url

    return AfterValidator(check)


class ServiceSettings(SettingsGroup):
    """Who the service is, in logs, messages and traces."""

    model_config = SettingsConfigDict(env_prefix="SERVICE_")

    name: str = "{{ cookiecutter.service_name }}"
    version: str = "0.1.0"


class ProcessSettings(SettingsGroup):
    """How the process lives and ends."""

    environment: Literal["development", "test", "production"] = "development"
    grace_seconds: int = Field(default=30, ge=2)
    """How long work in flight may take when the process is asked to stop."""


# {% if cookiecutter.interface != "worker" %}
class HttpSettings(SettingsGroup):
    """Where the API listens, and with how many processes."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1)


# {% endif %}
class LogSettings(SettingsGroup):
    """What is logged; standard output always gets it, a rotating file when one is named."""

    model_config = SettingsConfigDict(env_prefix="LOG_")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    file: str | None = None


class LokiSettings(SettingsGroup):
    """The Loki server that also gets the log lines, when there is one."""

    model_config = SettingsConfigDict(env_prefix="LOKI_")

    url: Annotated[str, url_of("http", "https")] | None = None


# {% if cookiecutter.database != "none" %}
class DatabaseSettings(SettingsGroup):
    """Which database, and how many connections this process may hold."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: Annotated[
        str,
        url_of(
            # {% endif %}
            # {% if cookiecutter.database == "postgresql" %}
            "postgresql",
            # {% endif %}
            # {% if cookiecutter.database == "mysql" %}
            "mysql",
            # {% endif %}
            # {% if cookiecutter.database != "none" %}
            "sqlite",
        ),
    ] = "sqlite:///service.db"
    pool_size: int = Field(default=5, ge=1)
    max_overflow: int = Field(default=5, ge=0)

    # {% endif %}
    # {% if cookiecutter.database in ("postgresql", "mysql") %}
    def find_danger(self) -> str | None:
        """A file of one replica is not a database in production."""
        if self.url.startswith("sqlite:"):
            return "DATABASE_URL: in production, point it at a database server"
        return None


# {% endif %}
    # {% if cookiecutter.database == "sqlite" %}
    def find_danger(self) -> str | None:
        """A file in the working directory is lost with its container."""
        if "url" not in self.model_fields_set:
            return "DATABASE_URL: in production, say where the file is kept"
        return None


# {% endif %}
# {% if cookiecutter.broker != "none" %}
class BrokerSettings(SettingsGroup):
    """Which message broker; `memory://` is this process alone."""

    model_config = SettingsConfigDict(env_prefix="BROKER_")

    url: Annotated[
        str,
        url_of(
            "memory",
            # {% endif %}
            # {% if cookiecutter.broker in ("both", "rabbitmq") %}
            "amqp",
            "amqps",
            # {% endif %}
            # {% if cookiecutter.broker in ("both", "kafka") %}
            "kafka",
            "kafkas",
            # {% endif %}
            # {% if cookiecutter.broker != "none" %}
        ),
    ] = "memory://"

    @property
    def is_memory(self) -> bool:
        """Tell whether messages stay in this process."""
        return urlsplit(self.url).scheme == "memory"

    def find_danger(self) -> str | None:
        """Messages in memory are lost with the process."""
        if self.is_memory:
            return "BROKER_URL: in production, point it at a broker; memory forgets"
        return None


# {% endif %}
# {% if cookiecutter.cache == "redis" %}
class RedisSettings(SettingsGroup):
    """Which Redis; without a URL the cache is this process's memory."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")

    url: Annotated[str, url_of("redis", "rediss", "unix")] | None = None

    def find_danger(self) -> str | None:
        """Replicas that each have a cache of their own disagree."""
        if self.url is None:
            return "REDIS_URL: in production, point it at a Redis that all replicas share"
        return None


# {% endif %}
@dataclass(frozen=True, kw_only=True)
class CoreSettings:
    """All the groups, read once when the process starts."""

    service: ServiceSettings
    process: ProcessSettings
    # {% if cookiecutter.interface != "worker" %}
    http: HttpSettings
    # {% endif %}
    log: LogSettings
    loki: LokiSettings
    # {% if cookiecutter.database != "none" %}
    database: DatabaseSettings
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    broker: BrokerSettings
    # {% endif %}
    # {% if cookiecutter.cache == "redis" %}
    redis: RedisSettings
    # {% endif %}


def load_core_settings() -> CoreSettings:
    """Read and check every group.

    Raises SettingsError, one sentence that names the variable, for what is wrong, and outside
    development for a default that is unsafe there.
    """
    settings = CoreSettings(
        service=read_settings(ServiceSettings),
        process=read_settings(ProcessSettings),
        # {% if cookiecutter.interface != "worker" %}
        http=read_settings(HttpSettings),
        # {% endif %}
        log=read_settings(LogSettings),
        loki=read_settings(LokiSettings),
        # {% if cookiecutter.database != "none" %}
        database=read_settings(DatabaseSettings),
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        broker=read_settings(BrokerSettings),
        # {% endif %}
        # {% if cookiecutter.cache == "redis" %}
        redis=read_settings(RedisSettings),
        # {% endif %}
    )
    if settings.process.environment == "production":
        refuse_unsafe(vars(settings).values())
    return settings


def refuse_unsafe(groups: Iterable[SettingsGroup]) -> None:
    """Raise SettingsError for the first default that loses data outside development."""
    for group in groups:
        if danger := group.find_danger():
            raise SettingsError(danger)
