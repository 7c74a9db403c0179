"""Bindings that are compared with what is declared, where a management API tells of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.services.rabbitmq import bindings
from app.services.rabbitmq.bindings import check_bindings
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.topology import Group, Topic

GROUP = Group(name="shop.record", topic=Topic(name="order.placed"))
LOGIN = "Basic c2hvcDpwQHNz"  # shop:p@ss


def bind(queue: str, key: str, kind: str = "queue") -> dict[str, Any]:
    """Return a binding as the server describes it."""
    return {
        "source": "events",
        "vhost": "/",
        "destination": queue,
        "destination_type": kind,
        "routing_key": key,
        "arguments": {},
        "properties_key": key,
    }


@asynccontextmanager
async def answering(body: object, status: str = "200 OK") -> AsyncIterator[list[str]]:
    """Answer as a management API would; yield what was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(bindings.PORTS, "amqp", server.sockets[0].getsockname()[1])
            yield asked


async def check(vhost: str = "") -> list[str]:
    return await check_bindings(f"amqp://shop:p%40ss@127.0.0.1:1/{vhost}", [GROUP])


async def test_what_is_bound_as_declared_is_fine_whatever_others_are_bound_to() -> None:
    found = [
        bind("shop.record", "order.placed"),
        bind("office.record", "order.paid"),
        bind("shop.record", "order.paid", kind="exchange"),
    ]
    async with answering(found) as asked:
        assert await check() == []
    assert asked[0].startswith("GET /api/exchanges/%2F/events/bindings/source HTTP/1.1\r\n")
    assert f"Authorization: {LOGIN}\r\n" in asked[0]


async def test_the_virtual_host_of_the_url_is_asked_about() -> None:
    async with answering([bind("shop.record", "order.placed")]) as asked:
        assert await check("a%2Fb") == []
    assert asked[0].startswith("GET /api/exchanges/a%2Fb/events/")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], ["not bound to the exchange events by order.placed"]),
        (["order.placed", "order.#"], ["by order.#, too"]),
        (["order.paid"], ["not bound to the exchange events by order.placed", "by order.paid"]),
    ],
    ids=["one is missing", "one more", "another key"],
)
async def test_each_difference_is_a_sentence(keys: list[str], told: list[str]) -> None:
    async with answering([bind("shop.record", key) for key in keys]):
        sentences = await check()
    assert len(sentences) == len(told)
    for sentence, part in zip(sentences, told, strict=True):
        assert sentence.startswith("the queue shop.record is ")
        assert part in sentence


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        ("401 Unauthorized", {"error": "not_authorized"}, "answers 401 Unauthorized"),
        ("404 Not Found", {}, "answers 404 Not Found"),
        ("200 OK", {"hello": "world"}, "is no management API"),
        ("200 OK", ["hello"], "is no management API"),
    ],
)
async def test_who_does_not_tell_is_named_with_the_reason(
    status: str, body: object, reason: str
) -> None:
    async with answering(body, status):
        with pytest.raises(BrokerUnavailableError, match=reason) as caught:
            await check()
    assert str(caught.value).startswith("127.0.0.1:")
    assert "p@ss" not in str(caught.value)


async def test_nobody_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bindings.PORTS, "amqp", 1)
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:1 cannot be reached"):
        await check()


async def test_without_groups_nobody_is_asked() -> None:
    assert await check_bindings("amqp://127.0.0.1:1/", []) == []
