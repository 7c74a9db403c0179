"""How to connect to Kafka, and how to ask it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import create_conn, get_ip_port_afi
from aiokafka.errors import KafkaConnectionError

from app.core.errors import StartupError
from app.core.kafka_url import make_kafka_context, read_kafka_url
from app.core.tls import explain_refusal
from app.services.kafka.errors import FAILURES, REFUSALS, describe
from app.utils.broker_errors import BrokerUnavailableError

TIMEOUT_SECONDS = 10.0
# What the client sends, and what the places of a group take, whatever their topic takes: a message
# that cannot be put aside would hold up its partition. What other topics take, they say.
MAX_BYTES = 64 * 1024 * 1024
FetchToken = Callable[[], Awaitable[str]]
"""Returns a token that a new connection to Kafka logs in with."""


def read_url(url: str, fetch_token: FetchToken | None = None) -> dict[str, Any]:
    """Return the client's options for a URL of Kafka.

    Raises StartupError when it asks for tokens and nothing fetches them.
    """
    parts = read_kafka_url(url)
    mechanism = parts.options.get("sasl_mechanism", "SCRAM-SHA-512" if parts.user else None)
    secure = parts.scheme == "kafkas"
    options: dict[str, Any] = {
        "bootstrap_servers": [str(host) for host in parts.hosts],
        "security_protocol": f"{'SASL_' if mechanism else ''}{'SSL' if secure else 'PLAINTEXT'}",
    }
    if secure:
        options["ssl_context"] = make_kafka_context(parts)
    if "client_id" in parts.options:
        options["client_id"] = parts.options["client_id"]
    if mechanism:
        options["sasl_mechanism"] = mechanism
    if mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = TokenProvider(fetch_token)
    elif mechanism:
        options |= {
            "sasl_plain_username": parts.user,
            "sasl_plain_password": parts.password,
        }
    return options


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc] # the library has no types
    """Fetch the token that each new connection logs in with."""

    def __init__(self, fetch: FetchToken | None) -> None:
        """Fetch tokens with the team's function; raises StartupError without one."""
        if fetch is None:
            raise StartupError(
                "BROKER_URL: sasl_mechanism=OAUTHBEARER needs a function in app/resources.py: "
                "async def fetch_broker_token(settings: Settings) -> str"
            )
        self._fetch = fetch

    async def token(self) -> str:
        """Return a token; whatever goes wrong with it counts as a server that does not answer."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._fetch()
        except Exception as error:
            raise KafkaConnectionError(f"no token was fetched ({describe(error)})") from error


async def ask(client: Any, request: Any) -> Any:
    """Return the answer of any broker; raises BrokerUnavailableError when none answers."""
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    random.shuffle(nodes)
    failure: Exception | None = None
    for node in nodes:
        try:
            return await client.send(node, request)
        except FAILURES as error:
            failure = error
    raise BrokerUnavailableError(describe(failure) if failure else "no broker is known")


async def find_refusal(options: dict[str, Any]) -> Exception | None:
    """Return why the servers do not let us in, which the client itself only logs."""
    for server in options["bootstrap_servers"]:
        host, port, _ = get_ip_port_afi(server)
        own = {name: value for name, value in options.items() if name != "bootstrap_servers"}
        try:
            connection = await create_conn(host, port, request_timeout_ms=1500, **own)
        except REFUSALS as error:
            return error
        except FAILURES as error:
            if explain_refusal(error):
                return error
            continue
        await connection.close()
    return None
