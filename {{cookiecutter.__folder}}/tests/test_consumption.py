"""Consumption: subscriptions are served while a block runs."""

import asyncio

import pytest

from app.core.config import CoreSettings
from app.core.errors import StartupError
from app.services import consumption
from app.services.connection import Connection
from app.services.consumption import run_consumer
from app.services.memory_broker import MemoryBroker
from app.unit_of_work import wrap_event
from app.utils.broker_errors import BrokerRefusedError, BrokerUnavailableError
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.message_broker import Capabilities, Event, MessageBroker
from app.utils.topology import Group


class Shipped(Event, topic="test.shipped"):
    """Something was shipped."""

    number: int


async def publish(opened: Container, number: int = 7) -> None:
    """Publish when the subscriptions, which start in the background, are there."""
    await asyncio.sleep(0.01)
    await opened[MessageBroker].publish(wrap_event(Shipped(number=number), "tests"))


async def test_a_handler_gets_what_was_published(opened: Container) -> None:
    consumer, seen = Consumer(), asyncio.Queue[int]()

    @consumer.on(Shipped)
    async def handle(event: Shipped) -> None:
        seen.put_nowait(event.number)

    async with run_consumer(consumer, opened), asyncio.timeout(5):
        await publish(opened)
        assert await seen.get() == 7


async def test_a_failing_handler_gets_it_again_from_its_ladder(opened: Container) -> None:
    consumer, succeeded, calls = Consumer(), asyncio.Event(), 0

    @consumer.on(Shipped, retry=RetryPolicy(attempts=4, ladder=(0.01, 0.02)))
    async def handle(event: Shipped) -> None:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise RuntimeError(f"not yet {event.number}")
        succeeded.set()

    async with run_consumer(consumer, opened), asyncio.timeout(5):
        await publish(opened)
        await succeeded.wait()
    assert calls == 4


async def test_a_broadcast_is_tried_and_then_forgotten(opened: Container) -> None:
    consumer, calls = Consumer(), asyncio.Queue[int]()

    @consumer.on(Shipped, broadcast=True)
    async def handle(event: Shipped) -> None:
        calls.put_nowait(event.number)
        raise RuntimeError("never")

    async with run_consumer(consumer, opened), asyncio.timeout(5):
        await publish(opened, 1)
        await publish(opened, 2)
        assert [await calls.get() for _ in range(4)] == [1, 1, 2, 2]
    broker, service = opened[MessageBroker], opened[CoreSettings].service.name
    assert [each async for each in broker.browse(f"{service}.handle.dead")] == []


def test_a_broadcast_may_have_a_policy_of_its_own() -> None:
    consumer, policy = Consumer(), RetryPolicy(attempts=3)

    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    consumer.on(Shipped, broadcast=True, retry=policy)(handle)
    assert [each.retry for each in consumer.subscriptions] == [policy]


async def test_order_is_refused_where_the_broker_keeps_none(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    unordered = Capabilities(is_durable=True, keeps_order=False, replays=False)
    monkeypatch.setattr(MemoryBroker, "capabilities", unordered)
    consumer = Consumer()

    @consumer.on(Shipped, ordered=True)
    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    with pytest.raises(StartupError, match="handle is ordered, and this broker keeps no order"):
        async with run_consumer(consumer, opened):
            pass


def test_a_broadcast_has_no_order() -> None:
    consumer = Consumer()

    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    with pytest.raises(ValueError, match="has no order"):
        consumer.on(Shipped, ordered=True, broadcast=True)(handle)


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"ladder": ()}, {"ladder": (0,)}])
def test_a_policy_that_cannot_be_kept_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="it needs at least one attempt"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # that is the point


async def test_what_the_broker_refuses_for_good_ends_the_start_in_one_sentence(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Consumer()

    @consumer.on(Shipped)
    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    async def refuse(*_: object) -> None:
        raise BrokerRefusedError("it takes no such queue")

    monkeypatch.setattr(MemoryBroker, "subscribe", refuse)
    with pytest.raises(StartupError, match=r"^BROKER_URL: it takes no such queue$"):
        async with run_consumer(consumer, opened):
            pytest.fail("it has started")


async def test_one_that_is_refused_when_the_broker_comes_holds_up_no_other(
    opened: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, started, is_refused = Consumer(), asyncio.Queue[str](), [True]

    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    async def subscribe(_: MemoryBroker, group: Group, __: object) -> None:
        if group.name.endswith("refused") and is_refused:
            raise BrokerRefusedError("it takes no such queue")
        started.put_nowait(group.name)

    for name in ("refused", "other"):
        consumer.on(Shipped, name=name)(handle)
    monkeypatch.setattr(consumption, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(MemoryBroker, "subscribe", subscribe)
    opened[Connection].made.clear()
    async with run_consumer(consumer, opened), asyncio.timeout(5):
        opened[Connection].made.set()
        assert (await started.get()).endswith("other")
        with pytest.raises(BrokerUnavailableError, match="subscriptions not started: 1"):
            await opened.probes["Subscriptions"]()
        await opened.fresh_probes["Subscriptions"]()
        is_refused.clear()
        assert (await started.get()).endswith("refused")
        await opened.probes["Subscriptions"]()


async def test_a_process_that_can_do_without_the_broker_is_ready_before_its_subscriptions_are(
    opened: Container,
) -> None:
    consumer = Consumer()

    @consumer.on(Shipped, broadcast=True)
    async def handle(event: Shipped) -> None:
        raise AssertionError(event)

    opened.spare(MessageBroker)
    opened[Connection].made.clear()
    async with run_consumer(consumer, opened):
        assert "Subscriptions" in opened.optional
