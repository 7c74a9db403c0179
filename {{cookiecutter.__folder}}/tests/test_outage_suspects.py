"""Outages that a suspect meets: it waits in no hand, and what it has met is known when it is back.

A broker may be unable to let it wait in this process: then it is handed back, and comes again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.services import outage
from app.services.delivery import Delivery
from app.services.outage import PATIENCE, Outage
from app.utils.broker_errors import BrokerUnavailableError
from app.utils.consumer import Consumer, RetryPolicy
from app.utils.container import Container
from app.utils.message_broker import Incoming
from app.utils.turns import HandedBackError, resting_by
from tests.delivery_kit import Ordered, list_messages, make_message
from tests.outage_kit import Failing, MessageBroker, make_outage

GONE = BrokerUnavailableError("gone")
ATTEMPTS = 2


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "FIRST_DELAY_SECONDS", 0.001)
    monkeypatch.setattr(outage, "MAX_DELAY_SECONDS", 0.001)


@pytest.fixture
def broker() -> MessageBroker:
    return MessageBroker()


@pytest.fixture
def waiting(broker: MessageBroker) -> Outage:
    return make_outage(broker)


@asynccontextmanager
async def hand_back(outages: int) -> AsyncIterator[None]:
    raise HandedBackError(outages)
    yield


async def run_once(waiting: Outage, work: Callable[[], Awaitable[str]], outages: int) -> int:
    """Run the work of a suspect; return how many outages it has met when it is handed back."""
    with resting_by(hand_back), pytest.raises(HandedBackError) as back:
        await waiting.outlast(work, outages=outages)
    return back.value.outages


async def wait_for_end(waiting: Outage) -> None:
    async with asyncio.timeout(5):
        await waiting.outlast(Failing(GONE, times=0))


async def test_work_that_meets_an_outage_each_time_that_it_is_back_has_failed(
    waiting: Outage,
) -> None:
    poison, outages = Failing(GONE, times=1000), 0
    for _ in range(PATIENCE):
        outages = await run_once(waiting, poison, outages)
        await wait_for_end(waiting)
    with resting_by(hand_back), pytest.raises(BrokerUnavailableError):
        await waiting.outlast(poison, outages=outages)
    assert poison.calls == 1 + PATIENCE


async def test_it_counts_too_when_others_met_the_outage_before(waiting: Outage) -> None:
    async def meet_it_after_others() -> str:
        waiting.begin("MessageBroker", GONE)
        raise GONE

    for count in range(PATIENCE):
        assert await run_once(waiting, meet_it_after_others, count) == count + 1
        waiting.end()


async def test_one_outage_counts_once_however_many_processes_get_it_meanwhile(
    broker: MessageBroker,
) -> None:
    broker.silent = 10**9
    work = Failing(GONE, times=1)
    outages = 0
    for _ in range(3 * PATIENCE):
        process = make_outage(broker)
        outages = await run_once(process, work, outages)
    assert (work.calls, outages) == (1, 1)
    broker.silent = 0
    with resting_by(hand_back):
        assert await make_outage(broker).outlast(work, outages=outages) == "done"


async def test_who_is_handed_back_leaves_the_outage_to_be_probed(
    waiting: Outage, broker: MessageBroker
) -> None:
    broker.silent = 20
    assert await run_once(waiting, Failing(GONE, times=1), 0) == 1
    await wait_for_end(waiting)
    assert broker.probes == 21


async def test_a_suspect_is_tried_as_often_as_its_policy_says(opened: Container) -> None:
    calls = 0

    async def handle(event: Ordered) -> None:
        nonlocal calls
        calls += 1
        raise BrokerUnavailableError(f"cut by {event.number}")

    consumer = Consumer()
    retry = RetryPolicy(attempts=ATTEMPTS, ladder=(0.01,))
    consumer.on(Ordered, name="test", retry=retry)(handle)
    subscription = consumer.subscriptions[0]
    deliver = Delivery(subscription, subscription.make_group("tests"), opened)
    await hand_over(deliver, make_message())
    assert calls == ATTEMPTS * (1 + PATIENCE)
    [dead] = await list_messages(opened, "dead")
    assert (dead.headers["dead-letter-reason"], dead.attempt) == ("failed", ATTEMPTS)


async def hand_over(deliver: Delivery, suspect: Incoming) -> None:
    """Deliver a suspect whenever it comes again, until it comes no more."""
    async with asyncio.timeout(5):
        while True:
            try:
                with resting_by(hand_back):
                    return await deliver(suspect)
            except HandedBackError as back:
                message = suspect.message.move(suspect.message.attempt + back.attempts)
                suspect = replace(suspect, message=message, outages=back.outages)
            await asyncio.sleep(0)
