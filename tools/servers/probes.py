"""Questions that only a server that is ready answers, in the server's own protocol."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT = 5.0
TLS_SCHEMES = {"amqps", "rediss"}

AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
AMQP_CONNECTION_START = struct.pack(">HH", 10, 10)
KAFKA_METADATA, KAFKA_METADATA_VERSION = 3, 5
POSTGRESQL_PROTOCOL = 3 << 16
MYSQL_PROTOCOL = 10


def ask_rabbitmq(url: str) -> bool:
    """Offer AMQP 0-9-1 and expect connection.start."""
    with _connection(url, port=5672) as connection:
        connection.sendall(AMQP_HEADER)
        return _receive(connection, 11)[7:11] == AMQP_CONNECTION_START


def ask_kafka(url: str) -> bool:
    """Ask for the metadata and expect a broker that takes part in its cluster."""
    client = b"probe"
    body = struct.pack(">iB", 0, 0)  # no topic, and create none
    header = struct.pack(">hhih", KAFKA_METADATA, KAFKA_METADATA_VERSION, 1, len(client)) + client
    with _connection(url, port=9092) as connection:
        connection.sendall(struct.pack(">i", len(header + body)) + header + body)
        _size, correlation, _throttle, brokers = struct.unpack(">iiii", _receive(connection, 16))
        return bool(correlation == 1 and brokers > 0)


def ask_postgresql(url: str) -> bool:
    """Open a session and expect to be asked who we are, not to be told to wait."""
    user = unquote(urlsplit(url).username or "postgres")
    body = struct.pack(">i", POSTGRESQL_PROTOCOL) + f"user\0{user}\0\0".encode()
    with _connection(url, port=5432) as connection:
        connection.sendall(struct.pack(">i", len(body) + 4) + body)
        return _receive(connection, 1) == b"R"


def ask_mysql(url: str) -> bool:
    """Expect the greeting that the server sends to a client it lets in."""
    with _connection(url, port=3306) as connection:
        return _receive(connection, 5)[4] == MYSQL_PROTOCOL


def ask_redis(url: str) -> bool:
    """Expect PONG; a server that wants a password is there too."""
    with _connection(url, port=6379) as connection:
        connection.sendall(b"PING\r\n")
        return _receive(connection, 5) in {b"+PONG", b"-NOAU"}


@contextmanager
def _connection(url: str, *, port: int) -> Iterator[socket.socket]:
    """Connect to the first host of the URL that accepts."""
    parts = urlsplit(url)
    hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
    with _connect(hosts, port=port) as plain:
        if parts.scheme not in TLS_SCHEMES:
            yield plain
            return
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=hosts[0].hostname) as secure:
            yield secure


def _connect(hosts: list[SplitResult], *, port: int) -> socket.socket:
    failure = OSError("the URL names no host")
    for host in hosts:
        if not host.hostname:
            continue
        try:
            return socket.create_connection((host.hostname, host.port or port), TIMEOUT)
        except OSError as error:
            failure = error
    raise failure


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data += chunk
    return data
