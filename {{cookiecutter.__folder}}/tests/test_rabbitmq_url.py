"""The URLs of RabbitMQ: virtual hosts, parameters, hosts, and what is refused."""

import asyncio

import pytest
from aio_pika.exceptions import AMQPConnectionError
from yarl import URL

from app.core.rabbitmq_url import read_rabbitmq_url
from app.services.rabbitmq.connection import write_address
from app.services.rabbitmq.transport import ServerTransport


@pytest.mark.parametrize(
    ("path", "vhost"),
    [
        ("", "/"),
        ("/", "/"),
        ("/%2F", "/"),
        ("/a%20b", "a b"),
        ("/a%2Fb", "a/b"),
        ("/%C3%BC%25", "ü%"),
    ],
)
def test_a_virtual_host_is_decoded_once(path: str, vhost: str) -> None:
    address = write_address(read_rabbitmq_url(f"amqp://host{path}"))
    # As the client reads it.
    assert address.path[1:].replace("%2F", "/") == vhost


def test_login_and_heartbeat_reach_the_client() -> None:
    address = write_address(
        read_rabbitmq_url("amqp://us%40er:p%2F%25s@h1,h2:1/?heartbeat=7&name=x")
    )
    assert (address.user, address.password) == ("us@er", "p/%s")
    assert (address.query["heartbeat"], address.query["name"]) == ("7", "x")


async def test_a_host_that_is_away_leads_to_the_next() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = ServerTransport(read_rabbitmq_url(f"amqp://127.0.0.1:1,127.0.0.1:{port}"))
    _, writer = await transport.create(URL())
    writer.close()
    server.close()


async def test_when_all_are_away_each_is_named() -> None:
    transport = ServerTransport(
        read_rabbitmq_url("amqp://127.0.0.1:1,127.0.0.1:2?connection_attempts=2&retry_delay=0.01")
    )
    with pytest.raises(AMQPConnectionError, match=r"127\.0\.0\.1:1 .*127\.0\.0\.1:2 |:2 .*:1 "):
        await transport.create(URL())


@pytest.mark.parametrize(
    "url",
    [
        "amqp://host?cacertfile=/etc/hostname",
        "amqp://host?verify=verify_none",
        "amqp://host?heartbeat=0",
        "amqp://host?heartbeat=often",
        "amqp://host?frame_max=1",
        "amqps://host?cacertfile=/etc/hostname",
        "amqps://host?certfile=/etc/hostname",
        "amqps://host?verify=maybe",
        "amqps://host?auth_mechanism=external",
        "amqps://host?auth_mechanism=amqplain",
    ],
)
def test_what_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_rabbitmq_url(url)
