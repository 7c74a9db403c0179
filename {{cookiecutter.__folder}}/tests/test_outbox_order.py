"""Order in the outbox, whatever the broker takes and refuses, and whichever relay is at work."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from app.database import Database
from app.services.outbox import rests
from app.services.outbox.deferral import MAX_DELAY_SECONDS
from app.tables import OutboxMessage, OutboxShard
from app.utils.container import Container
from app.utils.message_broker import MessageBroker
from tests.kit.clock import Clock
from tests.outbox_system import KEYS, RELAYS, TOPICS, System

topics = st.sampled_from(sorted(TOPICS))
steps = st.one_of(
    st.tuples(st.just("emit"), topics, st.sampled_from(KEYS), st.integers(1, 3)),
    st.tuples(st.just("unroutable"), topics),
    st.tuples(st.just("full"), topics, st.integers(0, 2)),
    st.tuples(st.just("take"), topics),
    st.tuples(st.just("refuse the next"), topics),
    st.tuples(st.just("lose the connection"), st.integers(0, 3)),
    st.tuples(st.just("connect")),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 1.0, 10.0, MAX_DELAY_SECONDS])),
    st.tuples(st.just("relay"), st.integers(0, RELAYS - 1)),
    st.tuples(st.just("relay with all")),
    st.tuples(st.just("restart"), st.integers(0, RELAYS - 1)),
    st.tuples(st.just("retry")),
)


async def empty(opened: Container) -> None:
    async with opened[Database].begin() as session:
        await session.execute(delete(OutboxMessage))
        await session.execute(update(OutboxShard).values(deferred={}))


# The fixtures serve all examples: each begins with an empty outbox.
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=st.lists(steps, min_size=5, max_size=30))
async def test_events_of_a_topic_and_key_are_published_in_the_order_of_their_commits(
    opened: Container, clock: Clock, monkeypatch: pytest.MonkeyPatch, plan: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr(rests, "FIRST_REST_SECONDS", 0.0)
    await empty(opened)
    system = System(opened, clock)
    monkeypatch.setattr(opened[MessageBroker], "publish", system.broker.publish)
    for step in plan:
        await system.do(step)
    await system.end()
    everything = system.find_published(lambda _: True)
    assert {at: sorted(numbers) for at, numbers in everything.items()} == system.committed
    # What was refused for good, and published again by hand, comes late.
    refused = system.broker.refused
    for numbers in system.find_published(lambda message: message.id not in refused).values():
        assert numbers == sorted(numbers)
