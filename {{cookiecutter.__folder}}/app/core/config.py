"""The settings that every service of ours has, in groups."""

# {% if cookiecutter.interface != "worker" %}
import math
# {% endif %}
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core import server_config
# {% if cookiecutter.interface != "worker" %}
from app.core.cpu_quota import read_cpu_quota
# {% endif %}
from app.core.errors import SettingsError
# {% if cookiecutter.interface != "worker" %}
from app.core.http_config import AuthSettings, HttpSettings, ManagementSettings
# {% endif %}
from app.core.settings import Group, SettingsGroup, Words, read_settings
from app.core.tracing_config import TracingSettings


class ServiceSettings(SettingsGroup):
    """Who the service is, in logs, messages and traces."""

    model_config = SettingsConfigDict(env_prefix="SERVICE_")

    name: str = "{{ cookiecutter.service_name }}"
    """Its name."""
    version: str = "0.1.0"
    """Its version."""
    commit: str | None = None
    """The commit that it was built from, for /info of the management port."""
    build: str | None = None
    """The build that made it, for /info too."""

    def describe_build(self) -> dict[str, str | None]:
        """Return what runs here."""
        return {
            "service": self.name,
            "version": self.version,
            "commit": self.commit,
            "build": self.build,
        }


class ProcessSettings(SettingsGroup):
    """How the process lives and ends."""

    environment: Literal["development", "test", "production"] = "development"
    """development, test or production, which refuses defaults that lose data."""
    grace_seconds: int = Field(default=30, ge=2)
    """How many seconds work in flight may take after SIGTERM."""
    metrics_token: SecretStr | None = None
    """The bearer token that /metrics wants, when one is set."""
    # {% if cookiecutter.database != "none" %}
    replicas: int = Field(default=1, ge=1)
    """The most replicas that will run at once; they share DATABASE_CONNECTIONS."""
    # {% endif %}


# {% if cookiecutter.interface != "api" %}
class WorkerSettings(SettingsGroup):
    """Where the worker says how it is: /health/live, /health/ready and /metrics."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    health_host: str = "127.0.0.1"
    """The address that it listens on for that."""
    health_port: int = Field(default=8001, ge=0, le=65535)
    """Its port for that; 0 for none."""


# {% endif %}
def check_log_file(path: str) -> str:
    """Accept a path where a file can be written; raises ValueError for another one."""
    file, folder = Path(path), Path(path).absolute().parent
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    # Its lock and the files before it stand beside it.
    places = [folder, file] if file.exists() else [folder]
    if file.is_dir() or not all(os.access(place, os.W_OK) for place in places):
        raise ValueError(f"{file} cannot be written")
    return path


class LogSettings(SettingsGroup):
    """What is logged; standard output always gets it."""

    model_config = SettingsConfigDict(env_prefix="LOG_")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    file: Annotated[str, AfterValidator(check_log_file)] | None = None
    """A file that gets the lines too, from all processes; it is rotated."""
    redacted: Words = ()
    """Words in names of fields whose values are hidden too, with commas between: email,iban"""


# {% if cookiecutter.database != "none" %}
@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """The groups that log lines need, for a process that reads few others."""

    service: ServiceSettings
    process: ProcessSettings
    log: LogSettings
    loki: server_config.LokiSettings


# {% endif %}
@dataclass(frozen=True, kw_only=True)
class CoreSettings:
    """All the groups, read once when the process starts."""

    service: ServiceSettings
    process: ProcessSettings
    # {% if cookiecutter.interface != "worker" %}
    http: HttpSettings
    management: ManagementSettings
    auth: AuthSettings
    # {% endif %}
    # {% if cookiecutter.interface != "api" %}
    worker: WorkerSettings
    # {% endif %}
    log: LogSettings
    loki: server_config.LokiSettings
    traces: TracingSettings
    # {% if cookiecutter.database != "none" %}
    database: server_config.DatabaseSettings
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    broker: server_config.BrokerSettings
    # {% endif %}
    # {% if cookiecutter.database != "none" and cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    inbox: server_config.InboxSettings
    # {% endif %}
    # {% if cookiecutter.cache == "redis" %}
    redis: server_config.RedisSettings
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}

    def count_workers(self) -> int:
        """Return how many processes serve: as set, or one for each CPU of the container's quota.

        Each has a memory of its own, so that there is only one where something is kept there.
        """
        if self.http.workers is not None:
            return self.http.workers
        # {% endif %}
        # {% if cookiecutter.interface != "worker" and cookiecutter.broker != "none" %}
        if self.broker.is_memory:
            return 1
        # {% endif %}
        # {% if cookiecutter.interface != "worker" and cookiecutter.cache == "redis" %}
        if self.redis.url is None:
            return 1
        # {% endif %}
        # {% if cookiecutter.interface != "worker" %}
        return max(1, math.floor(read_cpu_quota() or 1))
        # {% endif %}
    # {% if cookiecutter.database != "none" %}

    def share_connections(self) -> int:
        """Return how many connections to the database this process may hold.

        Raises SettingsError when there are more processes than connections.
        """
        # {% endif %}
        # {% if cookiecutter.database != "none" and cookiecutter.interface != "worker" %}
        processes, reason = self.process.replicas * self.count_workers(), "REPLICAS x WORKERS"
        # {% endif %}
        # {% if cookiecutter.database != "none" and cookiecutter.interface == "worker" %}
        processes, reason = self.process.replicas, "REPLICAS"
        # {% endif %}
        # {% if cookiecutter.database != "none" %}
        if processes > self.database.connections:
            raise SettingsError(
                f"DATABASE_CONNECTIONS: {self.database.connections} cannot be shared by "
                f"{processes} processes ({reason}): raise it, or run fewer"
            )
        return self.database.connections // processes
        # {% endif %}


# {% if cookiecutter.database != "none" %}
LinePlaces = CoreSettings | LineSettings
# {% endif %}
# {% if cookiecutter.database == "none" %}
LinePlaces = CoreSettings
# {% endif %}


def list_groups() -> dict[str, type[SettingsGroup]]:
    """Return the groups by their names in CoreSettings."""
    return get_type_hints(CoreSettings)


def load_core_settings() -> CoreSettings:
    """Read and check every group.

    Raises SettingsError, one sentence that names the variable, for what is wrong, and in
    production for a default that is unsafe there.
    """
    groups: dict[str, Any] = {name: read_settings(group) for name, group in list_groups().items()}
    settings = CoreSettings(**groups)
    # {% if cookiecutter.database != "none" %}
    settings.share_connections()
    # {% endif %}
    refuse_unsafe(settings.process, groups.values())
    return settings


def load_settings(group: type[Group], core: CoreSettings) -> Group:
    """Read and check settings of the service's own, as strictly as the others."""
    settings = read_settings(group)
    refuse_unsafe(core.process, [settings])
    return settings
# {% if cookiecutter.database != "none" %}


def load_line_settings() -> LineSettings:
    """Read what log lines need alone; raises SettingsError, one sentence, for what is wrong."""
    return LineSettings(
        service=read_settings(ServiceSettings),
        process=read_settings(ProcessSettings),
        log=read_settings(LogSettings),
        loki=read_settings(server_config.LokiSettings),
    )


def load_database_settings() -> server_config.DatabaseSettings:
    """Read the database's settings alone, as strictly as the start of the service does."""
    settings = read_settings(server_config.DatabaseSettings)
    refuse_unsafe(read_settings(ProcessSettings), [settings])
    return settings
# {% endif %}


def refuse_unsafe(process: ProcessSettings, groups: Iterable[SettingsGroup]) -> None:
    """Raise SettingsError for the first value that is unsafe in production, when this is it."""
    dangers = filter(None, (group.find_danger() for group in groups))
    if process.environment == "production" and (danger := next(dangers, None)):
        raise SettingsError(danger)
