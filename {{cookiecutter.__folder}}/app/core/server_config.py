"""The settings of the servers that a service talks to."""

from typing import Annotated

# {% if cookiecutter.database != "none" %}
from pydantic import Field
# {% endif %}
from pydantic_settings import SettingsConfigDict

# {% if cookiecutter.database in ("postgresql", "mysql") %}
from app.core.database_url import read_database_url
# {% endif %}
# {% if cookiecutter.broker in ("both", "kafka") %}
from app.core.kafka_url import read_kafka_url
# {% endif %}
# {% if cookiecutter.broker in ("both", "rabbitmq") %}
from app.core.rabbitmq_url import read_rabbitmq_url
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
from app.core.redis_url import read_redis_url
# {% endif %}
from app.core.settings import SettingsGroup
# {% if cookiecutter.database == "none" and cookiecutter.broker == "none" and cookiecutter.cache == "none" %}
from app.core.urls import url_of
# {% endif %}
# {% if cookiecutter.database == "none" and cookiecutter.broker == "none" and cookiecutter.cache == "redis" %}
from app.core.urls import checked_by, url_of
# {% endif %}
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
from app.core.urls import checked_by, read_plain_url, url_of
# {% endif %}


# {% if cookiecutter.database != "none" %}
class DatabaseSettings(SettingsGroup):
    """Which database, and what it may be asked for."""

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
        # {% endif %}
        # {% if cookiecutter.database == "postgresql" %}
        checked_by(read_database_url, "postgresql"),
        # {% endif %}
        # {% if cookiecutter.database == "mysql" %}
        checked_by(read_database_url, "mysql"),
        # {% endif %}
        # {% if cookiecutter.database != "none" %}
        checked_by(read_plain_url, "sqlite"),
    ] = "sqlite:///service.db"
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    """Where it is: postgresql://user:password@host:5432/name or sqlite:///file"""
    # {% endif %}
    # {% if cookiecutter.database == "mysql" %}
    """Where it is, MySQL or MariaDB: mysql://user:password@host:3306/name or sqlite:///file"""
    # {% endif %}
    # {% if cookiecutter.database == "sqlite" %}
    """Where the file is: sqlite:///file, with a fourth slash for a path from the root."""
    # {% endif %}
    # {% if cookiecutter.database != "none" %}
    connections: int = Field(default=20, ge=1)
    # {% endif %}
    # {% if cookiecutter.database != "none" and cookiecutter.interface == "api-and-worker" %}
    """How many connections all processes of the API may hold together, and the worker's as many."""
    # {% endif %}
    # {% if cookiecutter.database != "none" and cookiecutter.interface != "api-and-worker" %}
    """How many connections all processes of the deployment may hold together."""
    # {% endif %}
    # {% if cookiecutter.database != "none" %}
    pool_seconds: float = Field(default=5, gt=0)
    """How many seconds a request waits for a free connection."""
    statement_seconds: float = Field(default=30, gt=0)
    """How many seconds a statement may take."""
    lock_seconds: float = Field(default=5, gt=0)
    """How many seconds a statement waits for a lock."""
    # {% endif %}
    # {% if cookiecutter.database == "postgresql" %}
    idle_seconds: float = Field(default=90, gt=0)
    """How many seconds a transaction may do nothing; more than any handler may take."""
    # {% endif %}
    # {% if cookiecutter.database != "none" %}

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
        # {% endif %}
        # {% if cookiecutter.broker in ("both", "rabbitmq") %}
        checked_by(read_rabbitmq_url, "amqp", "amqps"),
        # {% endif %}
        # {% if cookiecutter.broker in ("both", "kafka") %}
        checked_by(read_kafka_url, "kafka", "kafkas"),
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        checked_by(read_plain_url, "memory"),
    ] = "memory://"
    # {% endif %}
    # {% if cookiecutter.broker == "rabbitmq" %}
    """Where it is: amqp[s]://user:password@host:5672/"""
    # {% endif %}
    # {% if cookiecutter.broker == "kafka" %}
    """Where it is: kafka[s]://[user:password@]host:9092,host:9092"""
    # {% endif %}
    # {% if cookiecutter.broker == "both" %}
    """Where it is: amqp[s]://user:password@host:5672/ or
    kafka[s]://[user:password@]host:9092,host:9092"""
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}

    @property
    def is_memory(self) -> bool:
        """Tell whether messages stay in this process."""
        return self.url.startswith("memory:")

    def find_danger(self) -> str | None:
        """Messages in memory are lost with the process."""
        if self.is_memory:
            return "BROKER_URL: in production, point it at a broker; memory forgets"
        return None


# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
class InboxSettings(SettingsGroup):
    """How long the service knows which messages it has handled."""

    model_config = SettingsConfigDict(env_prefix="INBOX_")

    days: int = Field(default=14, ge=1)
    """For how many days; more than the broker keeps messages, or one could count twice."""


# {% endif %}
# {% if cookiecutter.cache == "redis" %}
class RedisSettings(SettingsGroup):
    """Which Redis; without a URL the cache is this process's memory."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")

    url: (
        Annotated[
            str,
            url_of("redis", "rediss", "redis+sentinel", "rediss+sentinel", "unix"),
            checked_by(
                read_redis_url, "redis", "rediss", "redis+sentinel", "rediss+sentinel", "unix"
            ),
        ]
        | None
    ) = None
    """Where it is: redis[s]://[user:password@]host:6379/0"""

    def find_danger(self) -> str | None:
        """Replicas that each have a cache of their own disagree."""
        if self.url is None:
            return "REDIS_URL: in production, point it at a Redis that all replicas share"
        return None


# {% endif %}
class LokiSettings(SettingsGroup):
    """The Loki server that also gets the log lines, when there is one."""

    model_config = SettingsConfigDict(env_prefix="LOKI_")

    url: Annotated[str, url_of("http", "https")] | None = None
    """Where it is: http://127.0.0.1:3100"""
