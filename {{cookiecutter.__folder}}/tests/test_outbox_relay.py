"""The relay of the outbox: when it begins, when it ends, and who has its turn."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from app.services.outbox import relay
from app.services.outbox.file import lock_file
from app.services.outbox.relay import OutboxRelay, run_relay
from app.services.outbox.shards import BATCH
from app.utils.container import Container
from app.utils.envelope import Envelope
from app.utils.message_broker import MessageBroker
from tests.outbox_broker import Broker, Happened, refuse
from tests.outbox_kit import count_left, emit, relay_everything


@pytest.fixture
def broker(opened: Container, monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(opened[MessageBroker], "publish", broker.publish)
    return broker


async def test_nothing_is_lost_when_a_relay_is_cancelled_in_the_middle(
    opened: Container, broker: Broker
) -> None:
    reached = asyncio.Event()

    async def stop_at_the_third(message: Envelope) -> None:
        if b'"number":3' in message.body:
            reached.set()
            await asyncio.Event().wait()

    await emit(opened, *(Happened(number=number) for number in range(1, 6)))
    broker.answer = stop_at_the_third
    cancelled = asyncio.create_task(relay_everything(OutboxRelay(opened)))
    await reached.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    broker.answer = None
    await relay_everything(OutboxRelay(opened))
    assert broker.numbers() == [1, 2, 1, 2, 3, 4, 5]
    assert await count_left(opened) == 0


async def test_a_commit_wakes_the_relay(opened: Container, broker: Broker) -> None:
    published = asyncio.Event()

    async def tell(_: Envelope) -> None:
        published.set()

    broker.answer = tell
    async with run_relay(opened):
        await emit(opened, Happened(number=1))
        async with asyncio.timeout(5):
            await published.wait()


async def test_a_commit_while_the_relay_looks_makes_it_look_again(
    opened: Container, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, relaying = asyncio.Event(), OutboxRelay(opened)
    look = relaying.relay_due

    async def commit_after_the_look() -> tuple[int, int]:
        result = await look()
        monkeypatch.setattr(relaying, "relay_due", look)
        await emit(opened, Happened(number=1))
        return result

    async def tell(_: Envelope) -> None:
        published.set()

    broker.answer = tell
    monkeypatch.setattr(relay, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(relaying, "relay_due", commit_after_the_look)
    running = asyncio.create_task(relaying.run())
    async with asyncio.timeout(30):
        await published.wait()
    relaying.stop()
    await running


async def test_a_shard_is_one_relays_until_the_broker_has_confirmed(
    opened: Container, broker: Broker
) -> None:
    reached, confirmed = asyncio.Event(), asyncio.Event()

    async def wait(_: Envelope) -> None:
        reached.set()
        await confirmed.wait()

    broker.answer = wait
    await emit(opened, Happened(number=1))
    first = asyncio.create_task(OutboxRelay(opened).relay_due())
    await reached.wait()
    assert await OutboxRelay(opened).relay_due() == (0, 1)
    confirmed.set()
    assert await first == (1, 0)
    assert broker.numbers() == [1]


async def test_what_was_committed_is_published_before_the_relay_ends(
    opened: Container, broker: Broker
) -> None:
    async with run_relay(opened):
        await emit(opened, *(Happened(number=number) for number in range(2 * BATCH)))
    assert broker.numbers() == list(range(2 * BATCH))
    assert await count_left(opened) == 0


async def test_a_relay_ends_at_once_when_the_broker_is_down(
    opened: Container, broker: Broker
) -> None:
    broker.answer = refuse
    async with asyncio.timeout(5):
        async with run_relay(opened):
            await emit(opened, Happened(number=1))
    assert broker.attempts == 1
    assert await count_left(opened) == 1


def test_one_relay_at_a_time_has_the_file_of_a_database(tmp_path: Path) -> None:
    database = str(tmp_path / "service.db")
    with lock_file(database) as first, lock_file(database) as second:
        assert (first, second) == (True, False)
    with lock_file(database) as third:
        assert third is True


async def test_what_is_relayed_is_counted(opened: Container, broker: Broker) -> None:
    def read(metric: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"outbox_{metric}", labels) or 0

    published = read("relayed_total", outcome="published")
    batches = read("batch_duration_seconds_count")
    await emit(opened, *(Happened(number=number) for number in range(3)))
    await relay_everything(OutboxRelay(opened))
    assert len(broker.numbers()) == 3
    assert read("relayed_total", outcome="published") == published + 3
    assert read("batch_duration_seconds_count") > batches
