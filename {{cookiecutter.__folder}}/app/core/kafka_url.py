"""The URLs of Kafka."""

import ssl

from app.core.server_url import (
    ServerUrl,
    UrlForm,
    one_of,
    read_server_url,
    readable_file,
    some_text,
    true_or_false,
)
from app.core.tls import make_context

FORM = UrlForm(
    ports={"kafka": 9092, "kafkas": 9092},
    parameters={
        "client_id": some_text,
        "sasl_mechanism": one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"),
        "ssl_cafile": readable_file,
        "ssl_certfile": readable_file,
        "ssl_keyfile": readable_file,
        "ssl_password": some_text,
        "ssl_check_hostname": true_or_false,
    },
)


def read_kafka_url(url: str) -> ServerUrl:
    """Return the parts of `kafka[s]://[user:password@]host:port[,host:port][?parameters]`.

    Raises ValueError, one sentence, for anything unknown in it.
    """
    parts = read_server_url(url, FORM)
    if parts.path.strip("/"):
        raise ValueError("a URL of Kafka has no path behind the hosts")
    mechanism = parts.options.get("sasl_mechanism")
    login = (parts.user, parts.password)
    if mechanism == "OAUTHBEARER":
        if any(login):
            raise ValueError("sasl_mechanism=OAUTHBEARER logs in with a token: name no user")
    elif (mechanism or any(login)) and not all(login):
        raise ValueError("to log in, write user:password@ before the hosts")
    if parts.scheme == "kafka":
        parts.refuse("ssl_", "needs TLS: write kafkas://")
    else:
        make_kafka_context(parts)
    return parts


def make_kafka_context(parts: ServerUrl) -> ssl.SSLContext:
    """Return the TLS context that the parameters of a URL ask for."""
    return make_context(
        ca=parts.options.get("ssl_cafile"),
        certificate=parts.options.get("ssl_certfile"),
        key=parts.options.get("ssl_keyfile"),
        password=parts.options.get("ssl_password"),
        check_hostname=parts.options.get("ssl_check_hostname", True),
    )
