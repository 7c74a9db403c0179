"""The URLs of RabbitMQ, with the parameters of its own clients."""

import ssl

from app.core.server_url import (
    ServerUrl,
    UrlForm,
    one_of,
    read_server_url,
    readable_file,
    seconds,
    some_text,
    whole_number,
)
from app.core.tls import make_context

TLS = ("cacertfile", "certfile", "keyfile", "password", "server_name_indication", "verify")
FORM = UrlForm(
    ports={"amqp": 5672, "amqps": 5671},
    parameters={
        "auth_mechanism": one_of("plain", "external"),
        "cacertfile": readable_file,
        "certfile": readable_file,
        "connection_attempts": whole_number(1, 100),
        # Milliseconds, as in RabbitMQ's own specification of its URLs.
        "connection_timeout": whole_number(1, 600_000),
        # Without one, a connection that was cut without a word is never noticed.
        "heartbeat": whole_number(1, 3600),
        "keyfile": readable_file,
        "name": some_text,
        "password": some_text,
        "retry_delay": seconds,
        "server_name_indication": some_text,
        "verify": one_of("verify_peer", "verify_none"),
    },
    host="localhost",
)


def read_rabbitmq_url(url: str) -> ServerUrl:
    """Return the parts of `amqp[s]://[user:password@]host:port[,host:port]/vhost[?parameters]`.

    Raises ValueError, one sentence, for anything unknown in it.
    """
    parts = read_server_url(url, FORM)
    if parts.scheme == "amqp":
        for name in TLS:
            parts.refuse(name, "needs TLS: write amqps://")
    else:
        make_rabbitmq_context(parts)
    if parts.options.get("auth_mechanism") == "external" and "certfile" not in parts.options:
        raise ValueError("auth_mechanism=external logs in with a certificate: name its certfile")
    return parts


def make_rabbitmq_context(parts: ServerUrl) -> ssl.SSLContext:
    """Return the TLS context that the parameters of a URL ask for."""
    return make_context(
        ca=parts.options.get("cacertfile"),
        certificate=parts.options.get("certfile"),
        key=parts.options.get("keyfile"),
        password=parts.options.get("password"),
        verify=parts.options.get("verify") != "verify_none",
    )
