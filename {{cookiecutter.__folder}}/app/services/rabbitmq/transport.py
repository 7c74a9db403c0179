"""The way to RabbitMQ's servers: any of those that a URL names, in the clear or by TLS."""

import asyncio
import random
import ssl
from typing import Any

from aio_pika.exceptions import AMQPConnectionError
from aiormq.connection import TransportFactory
from yarl import URL

from app.core.rabbitmq_url import make_rabbitmq_context
from app.core.server_url import Host, ServerUrl
from app.core.tls import explain_refusal

# One that does not answer keeps nobody from the next.
HOST_SECONDS = 4.0
RETRY_DELAY_SECONDS = 1.0
# A server that accepts us says nothing before we do.
LISTEN_SECONDS = 2.0


class CertificateRefusedError(AMQPConnectionError):
    """A server's certificate is not accepted, and will not be the next time."""


class ServerTransport(TransportFactory):
    """Connect to one server of several, tried in an order of chance at each attempt."""

    def __init__(self, parts: ServerUrl) -> None:
        """Prepare for the servers of a URL."""
        self._hosts = parts.hosts
        self._context = make_rabbitmq_context(parts) if parts.scheme == "amqps" else None
        self._server_name = parts.options.get("server_name_indication")
        self._attempts: int = parts.options.get("connection_attempts", 1)
        self._delay: float = parts.options.get("retry_delay", RETRY_DELAY_SECONDS)
        self._timeout: float = parts.options.get("connection_timeout", HOST_SECONDS * 1000) / 1000

    async def create(
        self, url: URL, **kwargs: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the streams of a connection; raises AMQPConnectionError when no server answers."""
        del url, kwargs
        failures: list[str] = []
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(self._delay)
            failures = []
            for host in random.sample(self._hosts, len(self._hosts)):
                try:
                    return await self._connect(host)
                except (OSError, TimeoutError) as error:
                    if refusal := explain_refusal(error):
                        raise CertificateRefusedError(refusal) from error
                    failures.append(f"{host} {describe(error)}")
        raise AMQPConnectionError("; ".join(failures))

    async def find_refusal(self) -> str | None:
        """Return which certificate a server refuses; with TLS 1.3 it may not get to say it.

        The client counts as connected then, and writes. A server that has closed answers that by a
        reset, and what it has said before is lost. Whoever only listens hears it.
        """
        for host in self._hosts if self._context else ():
            try:
                async with asyncio.timeout(LISTEN_SECONDS):
                    reader, writer = await self._connect(host)
                    try:
                        await reader.read(1)
                    finally:
                        writer.close()
            except (OSError, TimeoutError) as error:
                if refusal := explain_refusal(error):
                    return refusal
        return None

    async def _connect(self, host: Host) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = self._server_name if self._context else None
        async with asyncio.timeout(self._timeout):
            return await asyncio.open_connection(
                host.name, host.port, ssl=self._context, server_hostname=name
            )


def describe(error: OSError) -> str:
    """Return in some words why a server was not reached."""
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, ssl.SSLError):
        return f"speaks no TLS that we understand ({error.reason or error})"
    return f"cannot be reached ({error.strerror or error})"
