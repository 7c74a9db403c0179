"""The composition root: opens everything and closes it; the only file that chooses adapters."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
# {% if cookiecutter.broker in ("both", "kafka") %}
from functools import partial
# {% endif %}

# {% if cookiecutter.broker in ("both", "kafka") %}
from app import resources
# {% endif %}
# {% if cookiecutter.broker == "none" %}
from app.core.config import CoreSettings
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.core.config import CoreSettings, load_settings
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.core.errors import StartupError
# {% endif %}
from app.core.health import Health
# {% if cookiecutter.database != "none" %}
from app.database import Database, open_database
# {% endif %}
from app.domain.settings import Settings
from app.resources import Resources, open_resources
# {% if cookiecutter.broker != "none" %}
from app.services.connection import Connection, keep_connected
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.services.consumption import run_consumer
# {% endif %}
# {% if (cookiecutter.database != "none" or cookiecutter.cache == "redis") and cookiecutter.interface != "api" %}
from app.services.jobs import run_jobs
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.services.lag import run_lag
# {% endif %}
from app.services.measuring import run_measuring
# {% if cookiecutter.cache == "redis" %}
from app.services.memory_cache import MemoryCache
# {% endif %}
# {% if cookiecutter.database != "none" %}
from app.services.migrations import migrate
# {% endif %}
# {% if cookiecutter.database != "none" and cookiecutter.broker != "none" %}
from app.services.outbox.relay import run_relay
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
from app.services.redis import RedisCache
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.services.requests import RequestClient
# {% endif %}
# {% if cookiecutter.database != "none" and (cookiecutter.interface != "worker" or cookiecutter.broker != "none") %}
from app.services.retention import run_retention
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}
# {% if (cookiecutter.database != "none" or cookiecutter.cache == "redis") and cookiecutter.interface != "api" %}
from app.tasks.worker import worker
# {% endif %}
# {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
from app.unit_of_work import UnitOfWorkFactory
# {% endif %}
# {% if cookiecutter.broker != "none" %}
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
# {% endif %}
# {% if cookiecutter.cache == "redis" %}
from app.utils.cache import Cache
# {% endif %}
from app.utils.container import Container
# {% if cookiecutter.broker != "none" %}
from app.utils.message_broker import MessageBroker
# {% endif %}


@asynccontextmanager
async def open_container(core: CoreSettings, settings: Settings) -> AsyncIterator[Container]:
    """Open every resource, one line each, and close them in reverse order.

    Raises StartupError, one sentence, for what cannot be reached.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_spans(core))
        opened = Container()
        opened.add(CoreSettings, core)
        opened.add(Settings, settings)
        opened.add(Resources, await stack.enter_async_context(open_resources(settings)))
        # {% if cookiecutter.database != "none" %}
        database = open_database(core.database, connections=core.share_connections())
        opened.add(Database, await stack.enter_async_context(database))
        # {% endif %}
        # {% if cookiecutter.cache == "redis" %}
        opened.add(Cache, await stack.enter_async_context(open_cache(core)))
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        broker = opened.add(MessageBroker, choose_broker(core.broker.url, settings))
        # {% endif %}
        # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
        groups = consumer.list_groups(core.service.name)
        connection = keep_connected(broker, groups, core)
        # {% endif %}
        # {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
        connection = keep_connected(broker, [], core)
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        opened.add(Connection, await stack.enter_async_context(connection))
        opened.add(RequestClient, RequestClient(opened))
        # {% endif %}
        # {% if cookiecutter.database != "none" or cookiecutter.broker != "none" %}
        opened.add(UnitOfWorkFactory, UnitOfWorkFactory(opened))
        # {% endif %}
        # {% if cookiecutter.database != "none" %}
        if core.process.environment == "development":
            await migrate(opened[Database])
        # {% endif %}
        opened.add(Health, Health(opened))
        yield opened


@asynccontextmanager
async def open_spans(core: CoreSettings) -> AsyncIterator[None]:
    """Record and send spans if there is a collector; without one, not even import what does."""
    if core.traces.exporter_otlp_endpoint is None:
        yield
        return
    from app.core.span_export import export_spans

    async with export_spans(core):
        yield
# {% if cookiecutter.interface != "worker" %}


@asynccontextmanager
async def open_api(core: CoreSettings, settings: Settings) -> AsyncIterator[Container]:
    """Open what the API needs."""
    # The worker checks no tokens: it is spared the library.
    from app.services.tokens import TokenVerifier

    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_container(core, settings))
        opened.add(TokenVerifier, TokenVerifier(core.auth))
        await stack.enter_async_context(run_measuring(opened))
        # {% endif %}
        # {% if cookiecutter.interface != "worker" and cookiecutter.database != "none" and cookiecutter.broker != "none" %}
        # Events wait in the outbox for a broker that is away; requests are served all the same.
        opened.spare(MessageBroker)
        # Before what emits events, so that it ends after it.
        await stack.enter_async_context(run_relay(opened))
        # {% endif %}
        # {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker != "none" %}
        # No other process hears a broker in memory: the worker's tasks run in this one.
        if core.broker.is_memory:
            await stack.enter_async_context(run_tasks(opened))
        else:
            await stack.enter_async_context(run_consumer(consumer.broadcasts, opened))
        # {% endif %}
        # {% if cookiecutter.interface == "api-and-worker" and cookiecutter.broker == "none" %}
        # In development one process is enough: the worker's tasks run in this one.
        if core.process.environment != "production":
            await stack.enter_async_context(run_tasks(opened))
        # {% endif %}
        # {% if cookiecutter.interface != "worker" and cookiecutter.database != "none" %}
        await stack.enter_async_context(run_retention(opened))
        # {% endif %}
        # {% if cookiecutter.interface != "worker" %}
        yield opened
# {% endif %}
# {% if cookiecutter.interface != "api" %}


@asynccontextmanager
async def open_worker(core: CoreSettings, settings: Settings) -> AsyncIterator[Container]:
    """Open what the worker needs, and run its tasks."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_container(core, settings))
        await stack.enter_async_context(run_measuring(opened))
        # {% endif %}
        # {% if cookiecutter.interface != "api" and cookiecutter.database != "none" and cookiecutter.broker != "none" %}
        # Before what emits events, so that it ends after it.
        await stack.enter_async_context(run_relay(opened))
        # {% endif %}
        # {% if cookiecutter.interface == "worker" and cookiecutter.database != "none" and cookiecutter.broker != "none" %}
        await stack.enter_async_context(run_retention(opened))
        # {% endif %}
        # {% if cookiecutter.interface != "api" %}
        await stack.enter_async_context(run_tasks(opened))
        yield opened


@asynccontextmanager
async def run_tasks(opened: Container) -> AsyncIterator[None]:
    """Do the worker's work while the block runs."""
    async with AsyncExitStack() as stack:
        # {% endif %}
        # {% if cookiecutter.interface != "api" and cookiecutter.broker != "none" %}
        await stack.enter_async_context(run_consumer(consumer, opened))
        await stack.enter_async_context(run_lag(consumer, opened))
        # {% endif %}
        # {% if cookiecutter.interface != "api" and (cookiecutter.database != "none" or cookiecutter.cache == "redis") %}
        await stack.enter_async_context(run_jobs(worker, opened))
        # {% endif %}
        # {% if cookiecutter.interface != "api" %}
        yield
# {% endif %}
# {% if cookiecutter.cache == "redis" %}


@asynccontextmanager
async def open_cache(core: CoreSettings) -> AsyncIterator[Cache]:
    """Open the cache: Redis by its URL, else this process's memory.

    Raises StartupError, one sentence, for a Redis that answers and cannot be used.
    """
    url = core.redis.url
    cache: Cache = RedisCache(url, prefix=core.service.name) if url else MemoryCache()
    try:
        if isinstance(cache, RedisCache):
            await cache.check()
        yield cache
    finally:
        await cache.close()
# {% endif %}
# {% if cookiecutter.broker != "none" %}


@asynccontextmanager
async def open_broker(core: CoreSettings) -> AsyncIterator[MessageBroker]:
    """Connect to the broker for a command; raises StartupError, one sentence, if it cannot be."""
    broker = choose_broker(core.broker.url, load_settings(Settings, core))
    try:
        await broker.connect()
        yield broker
    except BrokerUnavailableError as error:
        raise StartupError(f"BROKER_URL: no broker answers there ({error})") from error
    except BrokerRefusedError as error:
        raise StartupError(f"BROKER_URL: {error}") from error
    finally:
        await broker.close()


def choose_broker(url: str, settings: Settings) -> MessageBroker:
    """Return the broker that a URL names; only its own client library is imported.

    Raises StartupError, one sentence, for a URL that something is missing for.
    """
    # {% endif %}
    # {% if cookiecutter.broker == "rabbitmq" %}
    del settings  # No login to this broker needs anything of the service.
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    match url.partition("://")[0]:
        # {% endif %}
        # {% if cookiecutter.broker in ("both", "rabbitmq") %}
        case "amqp" | "amqps":
            from app.services.rabbitmq_service import RabbitMQBroker

            return RabbitMQBroker(url)
        # {% endif %}
        # {% if cookiecutter.broker in ("both", "kafka") %}
        case "kafka" | "kafkas":
            from app.services.kafka_service import KafkaBroker

            # Services of earlier versions have no such function.
            fetch = getattr(resources, "fetch_broker_token", None)
            return KafkaBroker(url, partial(fetch, settings) if fetch else None)
        # {% endif %}
        # {% if cookiecutter.broker != "none" %}
        case _:
            from app.services.memory_broker import MemoryBroker

            return MemoryBroker()
# {% endif %}
