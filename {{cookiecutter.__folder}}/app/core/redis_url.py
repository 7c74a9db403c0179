"""The URLs of Redis: one server, a socket, or a master that sentinels know."""

import re
from urllib.parse import unquote

from app.core.server_url import (
    ServerUrl,
    UrlForm,
    one_of,
    read_server_url,
    readable_file,
    seconds,
    some_text,
    true_or_false,
    whole_number,
)
from app.core.tls import make_context

SENTINEL = ("redis+sentinel", "rediss+sentinel")
TLS = ("rediss", "rediss+sentinel")
FORM = UrlForm(
    ports={"redis": 6379, "rediss": 6379, "unix": 0} | dict.fromkeys(SENTINEL, 26379),
    parameters={
        "client_name": some_text,
        "db": whole_number(0, 2**31 - 1),
        "health_check_interval": whole_number(0, 3600),
        "max_connections": whole_number(1, 10_000),
        "password": some_text,
        "protocol": whole_number(2, 3),
        "sentinel_password": some_text,
        "sentinel_username": some_text,
        "socket_connect_timeout": seconds,
        "socket_keepalive": true_or_false,
        "socket_timeout": seconds,
        "ssl_ca_certs": readable_file,
        "ssl_cert_reqs": one_of("required", "none"),
        "ssl_certfile": readable_file,
        "ssl_check_hostname": true_or_false,
        "ssl_keyfile": readable_file,
        "ssl_password": some_text,
        "username": some_text,
    },
    host="localhost",
)


def read_redis_url(url: str) -> ServerUrl:
    """Return the parts of `redis[s]://[user:password@]host:6379/0[?parameters]`.

    Or of `redis[s]+sentinel://[user:password@]host:26379[,host:26379]/master/0[?parameters]`, or of
    `unix://[user:password@]/path?db=0`. Raises ValueError, one sentence, for anything unknown.
    """
    parts = read_server_url(url, FORM)
    path = unquote(parts.path)
    if parts.scheme not in TLS:
        parts.refuse("ssl_", "needs TLS: write rediss")
    else:
        make_context(
            ca=parts.options.get("ssl_ca_certs"),
            certificate=parts.options.get("ssl_certfile"),
            key=parts.options.get("ssl_keyfile"),
            password=parts.options.get("ssl_password"),
        )
    if parts.scheme in SENTINEL:
        if not re.fullmatch(r"/[^/]+(/\d*)?", path):
            raise ValueError("write the master's name, and a number if any: /mymaster/0")
        return parts
    parts.refuse("sentinel_", "needs sentinels: write redis+sentinel://")
    if parts.scheme == "unix":
        if not path.strip("/"):
            raise ValueError("write the path of the socket: unix:///run/redis.sock")
        if parts.hosts[0].name != FORM.host:
            raise ValueError("the path of a socket begins with /: write unix:///run/redis.sock")
    elif not re.fullmatch(r"/?\d*", path):
        raise ValueError("the path of the URL is no number, such as /0")
    if len(parts.hosts) > 1:
        raise ValueError("Redis has one host; several are sentinels: write redis+sentinel://")
    return parts


def read_number(parts: ServerUrl) -> int:
    """Return the number that a URL names, of one of the keyspaces of a server."""
    numbers = unquote(parts.path).split("/")[2 if parts.scheme in SENTINEL else 1 :]
    written = numbers[0] if numbers and parts.scheme != "unix" else ""
    return int(parts.options.get("db", written or 0))
