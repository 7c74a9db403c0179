"""The connections to Redis: to one server, by a socket, or to the master that sentinels know."""

from typing import Any
from urllib.parse import unquote

from redis.asyncio.connection import (
    BlockingConnectionPool,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from app.core.redis_url import SENTINEL, TLS, read_number
from app.core.server_url import ServerUrl

# A burst of requests waits for a connection, rather than opening one each.
CONNECTIONS = 50
LOGIN = ("username", "password")
OWN = ("db", "max_connections", "sentinel_username", "sentinel_password", *LOGIN)


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master that sentinels know, for which a burst of requests waits."""

    async def aclose(self) -> None:
        """Close the connections, those to the sentinels too."""
        await super().aclose()
        await self.sentinel_manager.aclose()


def open_pool(parts: ServerUrl, timeout: float) -> BlockingConnectionPool:
    """Return the connections for a URL; nobody waits longer than `timeout` for one."""
    options = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        **{name: value for name, value in parts.options.items() if name not in OWN},
    }
    login = {
        "username": parts.user or parts.options.get("username"),
        "password": parts.password or parts.options.get("password"),
    }
    pool: dict[str, Any] = {
        **options,
        **login,
        "db": read_number(parts),
        "max_connections": parts.options.get("max_connections", CONNECTIONS),
        "timeout": timeout,
        # A connection that Redis closed meanwhile is no outage.
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    secure = parts.scheme in TLS
    if parts.scheme in SENTINEL:
        kind = SentinelManagedSSLConnection if secure else SentinelManagedConnection
        sentinels = open_sentinels(parts, {**options, "ssl": secure})
        master = unquote(parts.path).split("/")[1]
        return SentinelPool(  # type: ignore[no-untyped-call] # the library has no types for it
            master, sentinels, connection_class=kind, **pool
        )
    if parts.scheme == "unix":
        path = unquote(parts.path)
        return BlockingConnectionPool(
            connection_class=UnixDomainSocketConnection, path=path, **pool
        )
    host, port = parts.hosts[0]
    return BlockingConnectionPool(
        connection_class=SSLConnection if secure else Connection, host=host, port=port, **pool
    )


def open_sentinels(parts: ServerUrl, options: dict[str, Any]) -> Sentinel:
    """Return the sentinels of a URL, which have a login of their own if any."""
    login = {name: parts.options.get(f"sentinel_{name}") for name in LOGIN}
    # By default a sentinel that is away is asked again for seconds, before the next one.
    retry = Retry(NoBackoff(), 0)
    return Sentinel(  # type: ignore[no-untyped-call] # the library has no types for it
        parts.hosts, sentinel_kwargs={**options, **login, "retry": retry}
    )
