"""Publishing to Kafka: no producer is left open."""

import asyncio
from unittest.mock import Mock

import pytest

from app.services.kafka import publisher as module
from app.services.kafka.publisher import Publisher


async def test_a_producer_that_is_renewed_while_its_publisher_closes_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped: list[Mock] = []
    producers = [Mock(name="first"), Mock(name="second")]
    left, starting, may_start = list(producers), asyncio.Event(), asyncio.Event()

    async def start() -> Mock:
        if len(left) == 1:
            starting.set()
            await may_start.wait()
        return left.pop(0)

    async def stop(producer: Mock) -> None:
        stopped.append(producer)

    monkeypatch.setattr(module, "stop_producer", stop)
    publisher = Publisher({"bootstrap_servers": ["localhost:1"]})
    monkeypatch.setattr(publisher, "_start", start)
    await publisher.open()
    renewing = asyncio.create_task(publisher._renew(producers[0]))
    await starting.wait()
    await publisher.close()
    may_start.set()
    await renewing
    assert stopped == producers
