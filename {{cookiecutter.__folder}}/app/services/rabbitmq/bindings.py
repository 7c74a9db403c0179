"""The bindings of RabbitMQ, which AMQP does not tell: asked of the server's management API."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections import defaultdict
from collections.abc import Collection, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, unquote

from app.core.rabbitmq_url import make_rabbitmq_context, read_rabbitmq_url
from app.core.server_url import ServerUrl
from app.services.rabbitmq.queues import EXCHANGE
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.topology import Group

# Where the management plugin listens unless it is told otherwise.
PORTS = {"amqp": 15672, "amqps": 15671}
TIMEOUT_SECONDS = 5.0
OK = 200
KEYS = {"destination", "destination_type", "routing_key"}


async def check_bindings(url: str, groups: Collection[Group]) -> list[str]:
    """Return a sentence for each binding that is missing, or is there and not declared.

    Raises BrokerUnavailableError when no management API tells.
    """
    if not groups:
        return []
    bound: dict[str, set[str]] = defaultdict(set)
    for each in await asyncio.to_thread(read_bindings, read_rabbitmq_url(url)):
        if each["destination_type"] == "queue":
            bound[each["destination"]].add(each["routing_key"])
    return [sentence for group in groups for sentence in compare(group, bound[group.name])]


def compare(group: Group, keys: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each key by which a group's queue is not bound as declared."""
    declared = group.topic.name
    if declared not in keys:
        yield f"the queue {group.name} is not bound to the exchange {EXCHANGE} by {declared}"
    for key in sorted({*keys} - {declared}):
        yield (
            f"the queue {group.name} is bound to the exchange {EXCHANGE} by {key}, too, which is "
            "not declared: delete that binding, or its messages come here"
        )


def read_bindings(parts: ServerUrl) -> list[dict[str, Any]]:
    """Return the bindings of the exchange; raises BrokerUnavailableError if nobody tells."""
    if parts.options.get("auth_mechanism") == "external":
        raise BrokerUnavailableError("the management API takes no certificate as a login")
    failures = []
    context = make_rabbitmq_context(parts) if parts.scheme == "amqps" else None
    for name in dict.fromkeys(host.name for host in parts.hosts):
        try:
            return ask(name, parts, context)
        except (OSError, HTTPException, ValueError) as error:
            failures.append(f"{name}:{PORTS[parts.scheme]} {describe(error)}")
    raise BrokerUnavailableError("; ".join(failures))


def ask(host: str, parts: ServerUrl, context: ssl.SSLContext | None) -> list[dict[str, Any]]:
    """Return what one server answers; raises ValueError for a refusal."""
    port = PORTS[parts.scheme]
    connection = (
        HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
        if context
        else HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    )
    vhost = quote(unquote(parts.path[1:]) or "/", safe="")
    login = f"{parts.user or 'guest'}:{parts.password or 'guest'}".encode()
    headers = {"Authorization": f"Basic {b64encode(login).decode()}"}
    try:
        path = f"/api/exchanges/{vhost}/{EXCHANGE}/bindings/source"
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != OK:
        raise ValueError(f"answers {answer.status} {answer.reason}")
    found = json.loads(body)
    if not isinstance(found, list) or not all(is_binding(each) for each in found):
        raise ValueError("answers, and is no management API of RabbitMQ")
    return found


def is_binding(found: object) -> bool:
    """Tell whether something is a binding as RabbitMQ describes it."""
    return isinstance(found, dict) and found.keys() >= KEYS


def describe(error: Exception) -> str:
    """Return in some words why a server does not tell."""
    if isinstance(error, OSError):
        return f"cannot be reached ({error.strerror or error})"
    return str(error) if isinstance(error, ValueError) else repr(error)
