"""How to connect to Kafka, and how to ask it."""

import random
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

from aiokafka.conn import create_conn

from app.services.kafka.errors import FAILURES, REFUSALS, describe
from app.utils.broker_errors import BrokerUnavailableError

TIMEOUT_SECONDS = 10.0


def read_url(url: str) -> dict[str, Any]:
    """Return the client's options for `kafka[s]://[user:password@]host:port[,host:port]`."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    secure = parts.scheme == "kafkas"
    options: dict[str, Any] = {
        "bootstrap_servers": hosts.split(","),
        "security_protocol": f"{'SASL_' if user else ''}{'SSL' if secure else 'PLAINTEXT'}",
    }
    if secure:
        options["ssl_context"] = ssl.create_default_context()
    if user:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": unquote(user),
            "sasl_plain_password": unquote(password),
        }
    return options


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
        host, _, port = server.rpartition(":")
        own = {name: value for name, value in options.items() if name != "bootstrap_servers"}
        try:
            connection = await create_conn(host, int(port), request_timeout_ms=1500, **own)
        except REFUSALS as error:
            return error
        except FAILURES:
            continue
        await connection.close()
    return None
